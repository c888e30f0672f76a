"""Looks and navigation of the admin (django-unfold)."""

from __future__ import annotations

from typing import Any

from django.urls import reverse_lazy

COLOURS = {
    "primary": {
        "50": "oklch(98% .016 200)",
        "100": "oklch(95% .04 200)",
        "200": "oklch(90% .07 202)",
        "300": "oklch(83% .1 204)",
        "400": "oklch(74% .115 208)",
        "500": "oklch(65% .115 212)",
        "600": "oklch(54% .1 216)",
        "700": "oklch(46% .085 219)",
        "800": "oklch(40% .07 221)",
        "900": "oklch(35% .06 223)",
        "950": "oklch(26% .05 225)",
    }
}


def page(title: str, icon: str, model: str, view: str = "changelist") -> dict[str, Any]:
    """A link to a list, or another page of the model, shown to those who may see it."""
    app_label, _, name = model.partition(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app_label}_{name}_{view}"),
        "permission": lambda request: request.user.has_perm(f"{app_label}.view_{name}"),
    }


def group(title: str, *items: dict[str, Any], folded: bool = False) -> dict[str, Any]:
    return {"title": title, "collapsible": folded, "items": list(items)}


def elsewhere(title: str, icon: str, link: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": link}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Contact center",
    "SITE_HEADER": "Contact center",
    "SITE_SYMBOL": "support_agent",
    "SITE_URL": "/",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "COLORS": COLOURS,
    "COMMAND": {"search_models": ["agents.agent", "queues.queue", "ivr.number", "ivr.flow", "ivr.prompt", "queues.call"]},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": [
            group(
                "Now",
                {"title": "Overview", "icon": "space_dashboard", "link": reverse_lazy("admin:index")},
                elsewhere("Supervisor board", "monitoring", "/board/"),
                elsewhere("Agent panel", "headset_mic", "/panel/"),
                page("Calls", "call", "queues.call"),
                page("Callbacks", "phone_callback", "queues.callback"),
                page("Voicemail", "voicemail", "queues.voicemailmessage"),
            ),
            group(
                "Figures",
                page("What became of callbacks", "query_stats", "queues.callback", "figures"),
                page("What became of voicemail", "bar_chart", "queues.voicemailmessage", "figures"),
            ),
            group(
                "People",
                page("Agents", "support_agent", "agents.agent"),
                page("Teams", "groups", "agents.team"),
                page("Skills", "school", "agents.skill"),
                page("Break reasons", "coffee", "agents.breakreason"),
            ),
            group(
                "Queues",
                page("Queues", "format_list_numbered", "queues.queue"),
                page("Announcements", "campaign", "queues.announcement"),
                page("Ways out", "logout", "queues.wayout"),
                page("Numbers", "dialpad", "ivr.number"),
                page("Prompts", "record_voice_over", "ivr.prompt"),
                page("VIP callers", "star", "queues.callerpriority"),
                page("Voicemail boxes", "inbox", "queues.voicemailbox"),
                page("Dispositions", "task_alt", "queues.disposition"),
                page("Opening hours", "schedule", "queues.schedule"),
                page("Closures", "event_busy", "queues.closure"),
                page("What happens when?", "event_upcoming", "queues.schedule", "preview"),
            ),
            group(
                "IVR",
                page("Flows", "account_tree", "ivr.flow"),
                page("Callers in flows", "footprint", "ivr.flowrun"),
                page("Rules", "rule", "ivr.rule"),
                page("Web services", "public", "ivr.webconnection"),
            ),
            group(
                "Telephony",
                page("Trunks", "cable", "telephony.trunk"),
                page("Dial rules", "alt_route", "telephony.dialrule"),
                page("Registrations", "phone_in_talk", "telephony.registration"),
                page("Nodes", "dns", "telephony.node"),
            ),
            group(
                "Records",
                page("Event log", "history", "core.logentry"),
                page("Configuration changes", "difference", "auditlog.logentry"),
                page("Stays in queues", "hourglass_bottom", "queues.segment"),
                page("Offers", "ring_volume", "queues.offer"),
                page("Legs and quality", "graphic_eq", "telephony.leg"),
                page("Calls to the outside", "call_made", "telephony.outboundcall"),
                page("Agent states", "timeline", "queues.agentstateperiod"),
                page("Call processes", "memory", "telephony.callprocess"),
                page("Versions of flows", "commit", "ivr.flowversion"),
                page("Steps of callers", "steps", "ivr.flowvisit"),
                folded=True,
            ),
            group(
                "Access",
                page("Users", "person", "auth.user"),
                page("Roles", "shield_person", "auth.group"),
                page("Failed log-ins", "gpp_bad", "axes.accessattempt"),
                page("Scheduled tasks", "schedule", "django_celery_beat.periodictask"),
                folded=True,
            ),
        ],
    },
}
