"""The base of every admin page of ours: django-unfold's looks when it is installed, the plain admin when it is not.

It also keeps three promises for all of them: a save writes only the fields that were changed, a change of
configuration is a row in the event log, and an edge that keeps the row in memory is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet, TextField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from import_export.admin import ImportExportModelAdmin

from . import bell, events, usage
from .errors import Refusal
from .stateful import Stateful
from .words import chip

UNFOLD = apps.is_installed("unfold")

if TYPE_CHECKING or not UNFOLD:
    from django.contrib.admin import ModelAdmin as PlainModelAdmin
    from django.contrib.admin import StackedInline as StackedInline
    from django.contrib.admin import TabularInline as TabularInline
    from django.forms import PasswordInput as PasswordInput
    from django.forms import Select as Select
    from django.forms import TextInput as TextInput
    from import_export.forms import ExportForm as ExportForm
    from import_export.forms import ImportForm as ImportForm

    INPUT_CLASSES: list[str] = []
else:
    from unfold.admin import ModelAdmin as PlainModelAdmin
    from unfold.admin import StackedInline, TabularInline
    from unfold.contrib.import_export.forms import ExportForm, ImportForm
    from unfold.widgets import INPUT_CLASSES
    from unfold.widgets import UnfoldAdminPasswordWidget as PasswordInput
    from unfold.widgets import UnfoldAdminSelectWidget as Select
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput

__all__ = ["PasswordInput", "Select", "StackedInline", "TabularInline", "TextInput"]

ROWS_COUNTED = 10_000
"""Lists of large tables count no further: an exact count of a million rows costs seconds and tells nobody anything."""

M = TypeVar("M", bound=Model)


def time_input() -> forms.TimeInput:
    """A time of day to the minute. Browsers' own fields for times are on a 12-hour clock for many; no screen of ours is."""
    attrs = {"placeholder": "hh:mm", "inputmode": "numeric", "autocomplete": "off", "class": " ".join(INPUT_CLASSES)}
    return forms.TimeInput(format="%H:%M", attrs=attrs)


def date_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": " ".join(INPUT_CLASSES)})


class BoundedPaginator(Paginator):
    """Counts to `ROWS_COUNTED` and no further; who looks for older rows narrows the list by a filter."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:ROWS_COUNTED].count())


class ModelAdmin(PlainModelAdmin):
    rings_edge = False
    """Whether the SIP edges keep rows of this model in memory."""
    list_filter_submit = False
    list_fullwidth = True
    warn_unsaved_form = True
    compressed_fields = False

    class Media:
        css = {"all": ["callcenter/admin.css"]}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(db_field, TextField):
            field.widget.attrs["rows"] = 3
        return field

    def save_model(self, request: HttpRequest, obj: Model, form: forms.BaseForm, change: bool) -> None:
        """Write only what was changed in the form: a whole-row save would undo what calls did to the row meanwhile."""
        if not change:
            return super().save_model(request, obj, form, change)
        concrete = {field.name for field in obj._meta.concrete_fields}
        return obj.save(update_fields=[name for name in form.changed_data if name in concrete])

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self.record(request, obj, "added")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self.record(request, obj, "changed", {"changed": changed_fields(message)})
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            self.record(request, obj, "deleted")
        return super().log_deletions(request, queryset)

    def record(self, request: HttpRequest, obj: Model, fact: str, data: dict[str, Any] | None = None) -> None:
        """One row of the event log for a change of configuration, and the bell for the edges."""
        kind = obj._meta.model_name
        events.append(f"{kind}.{fact}", subject=f"{kind}:{obj.pk}", actor=actor_of(request), data={"name": str(obj), **(data or {})})
        if self.rings_edge:
            bell.ring(bell.EDGE)

    @admin.display(description="state", ordering="state")
    def state_chip(self, obj: Stateful) -> SafeString:
        state = obj.machine.state(obj.state)
        return chip(state.label, state.colour, state.meaning)

    @admin.display(description="active", ordering="active")
    def active_chip(self, obj: Any) -> SafeString:
        return chip("Active", "green") if obj.active else chip("Off", "grey")


class SpreadsheetAdmin(ImportExportModelAdmin, ModelAdmin):
    """Rows go out to a spreadsheet and come back from one."""

    import_form_class = ImportForm
    export_form_class = ExportForm

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        """One row of the event log for the whole sheet; what changed in each row is in the audit."""
        kind = self.model._meta.model_name
        data = {what: count for what, count in result.totals.items() if count}
        events.append(f"{kind}.imported", subject=f"{kind}:0", actor=actor_of(request), data=data)
        if self.rings_edge:
            bell.ring(bell.EDGE)
        return super().process_result(result, request)


class KeptWhileNamed:
    """Mixed into the admin of what others refer to by name: not deleted, and not called otherwise, while somebody does.

    Both pages that delete ask `get_deleted_objects` once more in the request that does it. What is named in that very moment is
    found missing when it is published.
    """

    named_as: ClassVar[str]
    """Its kind in `callcenter.core.usage`."""
    name_field: ClassVar[str] = "slug"
    delete_confirmation_template: Any = "admin/kept_delete_confirmation.html"
    delete_selected_confirmation_template: Any = "admin/kept_delete_selected_confirmation.html"

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> tuple[Any, Any, Any, list[Any]]:
        rows = list(objs)
        deleted, counts, lacking, protected = super().get_deleted_objects(rows, request)  # type: ignore[misc]
        usages = usage.of_all(self.named_as, [getattr(row, self.name_field) for row in rows])
        in_use = [(row, usages.get(getattr(row, self.name_field))) for row in rows]
        return deleted, counts, lacking, [*protected, *(named_by(row, found) for row, found in in_use if found)]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """A name that is typed, not one that is read-only once it is given, stays while others know it."""
        form = super().get_form(request, obj, change, **kwargs)  # type: ignore[misc]
        if obj is None or self.name_field not in form.base_fields:
            return form
        return type(form.__name__, (form,), {f"clean_{self.name_field}": _keeps_name(self.named_as, self.name_field)})


def named_by(row: Any, usages: Iterable[usage.Usage]) -> SafeString:
    """For the page that refuses to delete it."""
    places = ((_place(one),) for one in usages)
    return format_html("“{}” is used by {}. Choose another one there first.", row, format_html_join(", ", "{}", places))


def _place(one: usage.Usage) -> SafeString | str:
    return format_html('<a href="{}">{}</a>', one.url, one.what) if one.url else one.what


def _keeps_name(kind: str, field: str) -> Callable[[Any], Any]:
    def clean(form: Any) -> Any:
        found = usage.of(kind, form.initial[field]) if field in form.changed_data else ()
        if found:
            places = ", ".join(one.what for one in found)
            raise forms.ValidationError(f"It is known by this name to {places}. Let them use another one first, or keep the name.")
        return form.cleaned_data[field]

    return clean


class ReadOnly:
    """Mixed into the admin of a record: to be looked at, never typed into."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RecordAdmin(ReadOnly, ModelAdmin):
    """A read-only list of a table that may have millions of rows: newest first, narrowed by filters, not sorted by whim."""

    paginator = BoundedPaginator
    list_per_page = 50
    actions: Any = None
    ordering: ClassVar[tuple[str, ...]] = ("-id",)
    show_facets = admin.ShowFacets.NEVER
    sortable_by: ClassVar[tuple[str, ...]] = ()
    show_full_result_count = False
    warn_unsaved_form = False


def actor_of(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"


def changed_fields(message: Any) -> list[str]:
    """What a change message of the admin names: fields, and rows of inlines."""
    found: list[str] = []
    for part in message if isinstance(message, list) else []:
        for what in part.values():
            found += what.get("fields", []) or [what.get("object", "")]
    return [name for name in found if name]


Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]


def confirmed(question: str, consequence: str) -> Callable[[Action], Action]:
    """An action that asks first, on a page that lists what it would touch and says what will happen."""

    def decorate(action: Action) -> Action:
        @wraps(action)
        def wrapped(self: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
            if request.POST.get("confirmed"):
                return action(self, request, queryset)
            context = {
                **self.admin_site.each_context(request),
                "title": question,
                "consequence": consequence,
                "rows": queryset,
                "action": action.__name__,
                "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
                "opts": self.model._meta,
                "media": self.media,
            }
            return TemplateResponse(request, "admin/confirm_action.html", context)

        return wrapped

    return decorate


def for_each(request: HttpRequest, rows: Iterable[M], do: Callable[[M], object], done: str) -> None:
    """Call a service for every row; say how many went well, and of the others, why not."""
    count = 0
    for row in rows:
        try:
            do(row)
            count += 1
        except Refusal as refusal:
            messages.warning(request, f"{row}: {refusal.detail}")
    if count:
        messages.success(request, done.format(count=count))
