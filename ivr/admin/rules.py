"""Admin of the rules that flows share."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from callcenter.core import adminbase, usage

from ..models import Rule, RuleCase


class RuleCaseInline(adminbase.TabularInline):
    model = RuleCase
    extra = 0
    min_num = 1
    fields = ("position", "when", "result")
    verbose_name_plural = "conditions, asked in order: the first that holds gives the result"
    hide_title = True


@admin.register(Rule)
class RuleAdmin(adminbase.KeptWhileNamed, adminbase.ModelAdmin):
    named_as = "rule"
    list_display = ("name", "slug", "decides", "used_by")
    search_fields = ("name", "slug", "cases__when", "cases__result")
    inlines = [RuleCaseInline]
    fieldsets = (
        (
            None,
            {
                "fields": (("name", "slug"), "otherwise"),
                "description": "A step “Run a rule” of any flow keeps the result in a variable. What is changed here counts for every "
                "caller who comes to such a step from then on; flows need not be published again. Test cases of flows run with it.",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        return super().get_queryset(request).prefetch_related("cases")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """One look at the flows for the whole page."""
        shown = super().get_changelist_instance(request)
        usages = usage.of_all("rule", [rule.slug for rule in shown.result_list])
        for rule in shown.result_list:
            rule.usages = usages.get(rule.slug, [])
        return shown

    def get_prepopulated_fields(self, request: HttpRequest, obj: Rule | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Rule | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()  # flows refer to it

    @admin.display(description="decides")
    def decides(self, rule: Rule) -> SafeString:
        cases = list(rule.cases.all())
        lines = format_html_join("", "<div><code>{}</code> → {}</div>", ((case.when, case.result) for case in cases[:4]))
        more = f"and {len(cases) - 4} more, " if len(cases) > 4 else ""
        return format_html("{}<div>{}else {}</div>", lines, more, rule.otherwise or "nothing")

    @admin.display(description="used by")
    def used_by(self, rule: Any) -> SafeString | str:
        return format_html_join(", ", '<a href="{}">{}</a>', ((one.url, one.what) for one in rule.usages)) or "–"
