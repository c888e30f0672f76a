"""Admin of trunks, and what the telephony nodes report about themselves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from callcenter.core import adminbase
from callcenter.core.words import chip
from queues.admin.calls import mos_colour

from .alive import silent
from .forms import TrunkForm
from .models import CallProcess, Leg, Node, Registration, Trunk
from .services.trunks import set_trunk_password


@admin.register(Trunk)
class TrunkAdmin(adminbase.ModelAdmin):
    form = TrunkForm
    rings_edge = True
    list_display = ("name", "active_chip", "known_by", "max_calls")
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
    )

    def save_model(self, request: HttpRequest, obj: Trunk, form: Any, change: bool) -> None:  # type: ignore[override]
        super().save_model(request, obj, form, change)
        if form.cleaned_data.get("password"):
            set_trunk_password(obj, form.cleaned_data["password"])

    @admin.display(description="known by")
    def known_by(self, trunk: Trunk) -> str:
        ways = [", ".join(trunk.addresses.split()), f"user {trunk.username}" if trunk.username else ""]
        return " or ".join(filter(None, ways))


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
