"""What waiting callers hear and the ways out, edited on the queue's page; and as lists over all queues."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from callcenter.core import adminbase

from .. import readback
from ..defaults import PLACE_EVERY
from ..models import Announcement, Music, WayOut
from ..resources import AnnouncementResource, WayOutResource
from ..ways import KINDS, kind_of


class FirstAnnouncements(forms.BaseInlineFormSet):
    """A new queue begins with the place in line, so that nobody who sets one up forgets to say something."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("instance") is None or kwargs["instance"].pk is None:
            kwargs.setdefault("initial", [{"kind": Announcement.Kind.POSITION, "every": PLACE_EVERY}])
        super().__init__(*args, **kwargs)


class AnnouncementForm(forms.ModelForm):
    def has_changed(self) -> bool:
        """What a new queue begins with is saved although nobody touched it; who does not want it removes the row."""
        proposed = self.instance.pk is None and self.initial.get("kind") == Announcement.Kind.POSITION
        return bool(proposed or super().has_changed())


class AnnouncementInline(adminbase.TabularInline):
    model = Announcement
    form = AnnouncementForm
    formset = FirstAnnouncements
    fields = ("kind", "text", "first_after", "every", "position", "active")
    extra = 0
    tab = True
    hide_title = True

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if obj else 1

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return _narrow(super().formfield_for_dbfield(db_field, request, **kwargs))


class MusicInline(adminbase.TabularInline):
    model = Music
    fields = ("file", "position")
    extra = 0
    tab = True
    hide_title = True


class WaysOut(forms.BaseInlineFormSet):
    def clean(self) -> None:
        """Two rows for one limit would leave the second without a meaning."""
        super().clean()
        kept = [form.cleaned_data for form in self.forms if getattr(form, "cleaned_data", None) and not form.cleaned_data.get("DELETE")]
        limits = [row["when"] for row in kept if "when" in row and row.get("threshold") is None]
        twice = {when for when in limits if limits.count(when) > 1}
        if twice:
            labels = " and ".join(f"“{WayOut.When(when).label}”" for when in sorted(twice))
            raise ValidationError(f"There are two rows for {labels}, and only the first would ever be taken. Remove one.")


class TargetSelect(adminbase.Select):
    """What the kinds that read a target lead to, each kind a group; asked anew for each page."""

    def optgroups(self, name: str, value: list[Any], attrs: dict[str, Any] | None = None) -> list[Any]:
        offered = [(kind.label, kind.targets()) for kind in KINDS.values() if "target" in kind.reads]
        known = {target for _, targets in offered for target, _ in targets}
        gone = [(one, f"{one} (not there any more)") for one in value if one and one not in known]
        self.choices = [("", "–"), *gone, *offered]
        return super().optgroups(name, value, attrs)


def _target_field(db_field: Any, field: Any) -> Any:
    if field is not None and db_field.name == "target":
        field.widget = TargetSelect()
    return field


class WayOutInline(adminbase.StackedInline):
    model = WayOut
    formset = WaysOut
    fk_name = "queue"
    autocomplete_fields = ("next_queue",)
    readonly_fields = ("read_back",)
    extra = 0
    tab = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """A target is asked for only if some kind of step reads one."""
        targeted = any("target" in kind.reads for kind in KINDS.values())
        step = ("keeps_place", "target") if targeted else "keeps_place"
        return ["read_back", ("when", "threshold"), ("kind", "next_queue"), step, ("message", "position")]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return _target_field(db_field, _narrow(super().formfield_for_dbfield(db_field, request, **kwargs)))

    @admin.display(description="What happens")
    def read_back(self, way: WayOut) -> str:
        return readback.sentence(way) if way.pk else "Told here once it is saved."


def _narrow(field: Any) -> Any:
    """Rows of a table: texts of two lines, so that a row stays a row."""
    if field is not None and isinstance(field.widget, forms.Textarea):
        field.widget.attrs["rows"] = 2
    return field


@admin.register(Announcement)
class AnnouncementAdmin(adminbase.SpreadsheetAdmin):
    resource_classes = [AnnouncementResource]
    list_display = ("queue", "kind", "text", "first_after", "every", "active_chip")
    list_filter = ("queue", "kind", "active")
    list_select_related = ("queue",)
    autocomplete_fields = ("queue",)
    search_fields = ("text", "queue__name")


@admin.register(WayOut)
class WayOutAdmin(adminbase.SpreadsheetAdmin):
    resource_classes = [WayOutResource]
    list_display = ("queue", "position", "when", "threshold", "step")
    list_display_links = ("when",)
    list_filter = ("queue", "when", "kind")
    list_select_related = ("queue", "next_queue")
    autocomplete_fields = ("queue", "next_queue")
    search_fields = ("queue__name", "message")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return _target_field(db_field, super().formfield_for_dbfield(db_field, request, **kwargs))

    @admin.display(description="next step")
    def step(self, way: WayOut) -> str:
        return kind_of(way.kind).in_list(way)
