"""Admin of trunks, and what the telephony nodes report about themselves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from callcenter.core import adminbase
from callcenter.core.e164 import readable
from callcenter.core.errors import Refusal
from callcenter.core.words import chip
from queues.admin.calls import mos_colour
from queues.states import LIVE

from .alive import silent
from .dialrules import Rule
from .forms import TrunkForm
from .models import CallProcess, DialRule, Leg, Node, OutboundCall, Registration, Trunk
from .services import outbound
from .services.trunks import set_provider_password, set_trunk_password


@admin.register(Trunk)
class TrunkAdmin(adminbase.ModelAdmin):
    form = TrunkForm
    rings_edge = True
    list_display = ("name", "active_chip", "known_by", "max_calls", "goes_to", "registration", "in_use")
    list_filter = ("active",)
    search_fields = ("name", "addresses", "username")
    fieldsets = (
        (None, {"fields": ("name", "active", "max_calls")}),
        (
            "How it is known",
            {
                "fields": ("addresses", "username", "password"),
                "description": "By the addresses that its calls come from, by user name and password, or by either.",
            },
        ),
        (
            "Calls to the outside",
            {
                "fields": (
                    ("host", "port"), ("auth_username", "auth_password"), "registers", ("domain", "caller_id"),
                    ("allowed_prefixes", "premium_allowed"),
                    ("max_outgoing", "max_outgoing_per_hour"),
                ),
                "description": "For callbacks and transfers. A number goes out only if a dial rule leads it here, it begins as allowed, "
                "and the limits leave room; whatever is refused stands in the time line of its call.",
            },
        ),
    )  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Trunk, form: Any, change: bool) -> None:  # type: ignore[override]
        super().save_model(request, obj, form, change)
        if form.cleaned_data.get("password"):
            set_trunk_password(obj, form.cleaned_data["password"])
        if form.cleaned_data.get("auth_password"):
            set_provider_password(obj, form.cleaned_data["auth_password"])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Trunk]:
        using = Q(outbound_calls__ended_at__isnull=True, outbound_calls__call__state__in=LIVE)
        return super().get_queryset(request).annotate(used=Count("outbound_calls", filter=using))

    @admin.display(description="goes out to", ordering="host")
    def goes_to(self, trunk: Trunk) -> str:
        if not trunk.host:
            return "–"
        return trunk.host if trunk.port == 5060 else f"{trunk.host}:{trunk.port}"

    @admin.display(description="registered there", ordering="registered_at")
    def registration(self, trunk: Trunk) -> SafeString | str:
        if not trunk.registers:
            return "–"
        return chip("Registered", "green") if trunk.registered_at else chip("Not registered", "red")

    @admin.display(description="out now", ordering="used")
    def in_use(self, trunk: Any) -> SafeString | str:
        full = trunk.used >= trunk.max_outgoing
        return chip(f"{trunk.used} of {trunk.max_outgoing}", "amber" if full else "grey") if trunk.host else "–"

    @admin.display(description="known by")
    def known_by(self, trunk: Trunk) -> str:
        ways = [", ".join(trunk.addresses.split()), f"user {trunk.username}" if trunk.username else ""]
        return " or ".join(filter(None, ways))


@admin.register(DialRule)
class DialRuleAdmin(adminbase.ModelAdmin):
    list_display = ("prefix", "trunk", "sends", "active_chip", "note", "position")
    list_editable = ("position",)
    list_filter = ("active", "trunk")
    list_select_related = ("trunk",)
    search_fields = ("prefix", "note", "trunk__name")
    fields = (("prefix", "position"), "trunk", ("strip", "prepend"), "active", "note")
    change_list_template = "admin/telephony/dialrule/change_list.html"

    def get_urls(self) -> list[Any]:
        return [path("preview/", self.admin_site.admin_view(self.preview), name="telephony_dialrule_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Where would this number go? Asks rules and trunks as a call would, the limits apart."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        number = request.GET.get("number", "").strip()
        context = {**self.admin_site.each_context(request), "title": "Where would this number go?", "opts": self.model._meta,
                   "media": self.media, "asked": number, **(outbound_preview(number) if number else {})}  # fmt: skip
        return TemplateResponse(request, "admin/telephony/dialrule/preview.html", context)

    @admin.display(description="sends")
    def sends(self, rule: DialRule) -> str:
        """An example, so that strip and prepend can be read."""
        example = f"{rule.prefix}1234567"
        return f"{example} → {Rule(rule.trunk_id, rule.prefix, rule.strip, rule.prepend).sent(example)}"


@admin.register(OutboundCall)
class OutboundCallAdmin(adminbase.RecordAdmin):
    list_display = ("permitted_at", "trunk", "shown_number", "purpose", "call", "ended_at")
    list_filter = ("trunk", "purpose", ("permitted_at", admin.DateFieldListFilter))
    list_select_related = ("trunk", "call")
    search_fields = ("number__exact",)
    search_help_text = "Number, complete, as +49…"

    @admin.display(description="number")
    def shown_number(self, row: OutboundCall) -> str:
        return readable(row.number)


def outbound_preview(text: str) -> dict[str, Any]:
    """What the preview page tells about a number."""
    try:
        number = outbound.number_of(text)
        found = outbound.ways(number)
    except Refusal as refusal:
        return {"refusal": refusal.detail}
    return {"number": number, "shown": readable(number), "ways": found}


@admin.register(Node)
class NodeAdmin(adminbase.RecordAdmin):
    list_display = ("name", "alive", "sip_address", "pid", "started_at", "edge_restarts", "draining")
    ordering = ("name",)

    @admin.display(description="state")
    def alive(self, node: Node) -> SafeString:
        if node.heartbeat_at is None:
            return chip("Stopped", "grey")
        if silent(node):
            return chip("Silent", "red", f"Last sign of life {node.heartbeat_at:%Y-%m-%d %H:%M:%S}; its calls are cleaned up.")
        return chip("Alive", "green")


@admin.register(CallProcess)
class CallProcessAdmin(adminbase.RecordAdmin):
    list_display = ("name", "node", "call", "pid", "sip_port", "started_at", "ended_at", "exit")
    list_filter = ("node", ("started_at", admin.DateFieldListFilter))
    list_select_related = ("node", "call")

    @admin.display(description="exit", ordering="exit_code")
    def exit(self, process: CallProcess) -> SafeString:
        if process.exit_code is None:
            return chip("ended", "grey") if process.ended_at else chip("running", "green")
        return chip("clean", "grey") if process.exit_code == 0 else chip(f"code {process.exit_code}", "red")


@admin.register(Registration)
class RegistrationAdmin(adminbase.RecordAdmin):
    list_display = ("agent", "contact", "received", "user_agent", "runs_out", "expires_at")
    list_filter = ("agent__team",)
    list_select_related = ("agent",)
    search_fields = ("agent__name", "contact", "received_host")

    @admin.display(description="came from")
    def received(self, registration: Registration) -> str:
        return f"{registration.received_host}:{registration.received_port}"

    @admin.display(description="state", ordering="expires_at")
    def runs_out(self, registration: Registration) -> SafeString:
        return chip("Registered", "green") if registration.expires_at > timezone.now() else chip("Expired", "grey")


@admin.register(Leg)
class LegAdmin(adminbase.RecordAdmin):
    list_display = (
        "call",
        "role",
        "agent",
        "quality",
        "loss_percent",
        "jitter_ms",
        "rtt_ms",
        "codec",
        "began_at",
        "ended_at",
        "sip_status",
    )
    list_filter = ("role", ("began_at", admin.DateFieldListFilter))
    list_select_related = ("call", "agent")
    search_fields = ("sip_call_id__exact",)
    search_help_text = "SIP Call-ID, complete"

    @admin.display(description="MOS", ordering="mos")
    def quality(self, leg: Leg) -> SafeString:
        return chip(f"{leg.mos:.1f}" if leg.mos else "–", mos_colour(leg.mos))
