"""Admin of prompts: the list, and the page of a prompt with its recordings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from callcenter.core import adminbase, usage
from callcenter.core.errors import Refusal
from callcenter.core.words import chip, span

from .. import languages
from ..models import Prompt, Recording, Source
from ..prompts import services
from . import prompt_page, prompt_views

COLOURS = {Source.UPLOAD: "green", Source.BROWSER: "green", Source.PHONE: "green", Source.SPEECH: "blue", Source.COMPUTED: "grey"}


class RecordedFilter(admin.SimpleListFilter):
    """By language: which prompts have a recording in it, spoken or not."""

    title = "language"
    parameter_name = "speaks"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        tags = Recording.objects.filter(retired_at=None).order_by("language").values_list("language", flat=True).distinct()
        return [(tag, languages.label(tag)) for tag in tags] + [(f"-{tag}", f"Without {languages.label(tag)}") for tag in tags]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Prompt]) -> QuerySet[Prompt]:
        value = self.value() or ""
        present = Exists(Recording.objects.filter(prompt=OuterRef("pk"), language=value.lstrip("-"), retired_at=None))
        return queryset.filter(~present if value.startswith("-") else present) if value else queryset


@admin.register(Prompt)
class PromptAdmin(adminbase.KeptWhileNamed, adminbase.ModelAdmin):
    named_as = "prompt"
    list_display = ("name", "slug", "recorded_in", "length", "used_by", "origin")
    list_filter = (RecordedFilter, "system")
    search_fields = ("slug", "name", "text", "recordings__text")
    search_help_text = "Name or words"
    change_form_template = "admin/ivr/prompt/change_form.html"
    fieldsets = (
        (None, {"fields": (("name", "slug"), "description")}),
        (
            "Without a recording",
            {
                "fields": ("language", "text"),
                "description": "A caller hears the recording in the own language, else in the one it is a variant of "
                "(de for de-AT), else in the prompt's default language, else this text, spoken by the computer.",
            },
        ),
    )

    class Media:
        css = {"all": ["prompts/prompts.css"]}
        js = [prompt_page.Module("prompts/page.js")]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prompt]:
        present = Recording.objects.filter(retired_at=None).order_by("language")
        return super().get_queryset(request).prefetch_related(Prefetch("recordings", present, to_attr="present"))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        usages = usage.of_all("prompt", [prompt.slug for prompt in shown.result_list])
        for prompt in shown.result_list:
            prompt.usages = usages.get(prompt.slug, [])
        return shown

    def get_prepopulated_fields(self, request: HttpRequest, obj: Prompt | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Prompt | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()  # flows and queues refer to it

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """On to the page where it is recorded."""
        self.message_user(request, f"“{obj}” is there. Now record it, upload a file, or leave it to the computer's voice.")
        return HttpResponseRedirect(reverse("admin:ivr_prompt_change", args=[obj.pk]))

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        prompt = self.get_object(request, object_id)
        more = prompt_page.context(prompt) if isinstance(prompt, Prompt) else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def get_urls(self) -> list[Any]:
        def page(route: str, view: Any, name: str) -> Any:
            def called(request: HttpRequest, **captured: int) -> HttpResponse:
                answer: HttpResponse = view(self, request, **captured)
                return answer

            return path(route, self.admin_site.admin_view(called), name=f"ivr_prompt_{name}")

        return [
            page("preview/", prompt_views.preview, "preview"),
            page("recordings/<int:recording_id>/audio.wav", prompt_views.audio, "audio"),
            page("recordings/<int:recording_id>/original/", prompt_views.original, "original"),
            page("<int:prompt_id>/recordings/", prompt_views.recordings, "recordings"),
            page("<int:prompt_id>/record/", prompt_views.recorder, "record"),
            *super().get_urls(),
        ]

    # Deleting: the services decide, and the page says beforehand who is in the way

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        prompts = list(objs)
        usages = usage.of_all("prompt", [prompt.slug for prompt in prompts])
        protected: list[Any] = [adminbase.named_by(prompt, found) for prompt in prompts if (found := usages.get(prompt.slug))]
        count = Recording.objects.filter(prompt__in=prompts).count()
        return [str(prompt) for prompt in prompts], {"prompts": len(prompts), "recordings": count}, set(), protected

    def has_delete_permission(self, request: HttpRequest, obj: Prompt | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.system)

    def delete_model(self, request: HttpRequest, obj: Prompt) -> None:
        try:
            services.delete(obj.pk)
        except Refusal as refusal:  # somebody began to use it since the page was shown
            raise PermissionDenied(refusal.detail) from refusal

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Prompt]) -> None:
        for prompt in queryset:
            self.delete_model(request, prompt)

    # Columns

    @admin.display(description="languages")
    def recorded_in(self, prompt: Any) -> SafeString | str:
        return format_html_join(" ", "{}", ((_language_chip(row),) for row in prompt.present)) or "–"

    @admin.display(description="length")
    def length(self, prompt: Any) -> str:
        own = next((row for row in prompt.present if row.language == prompt.language), None)
        return span(own.seconds) if own and own.seconds is not None else "–"

    @admin.display(description="used by")
    def used_by(self, prompt: Any) -> str:
        names = [one.what for one in prompt.usages]
        return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "") if names else "–"

    @admin.display(description="origin", ordering="system")
    def origin(self, prompt: Prompt) -> SafeString:
        return chip("Built in", "grey", "Comes with the product") if prompt.system else chip("Own", "violet")


def _language_chip(row: Recording) -> SafeString:
    return chip(row.language, COLOURS[Source(row.source)], f"{languages.label(row.language)}: {row.get_source_display()}")
