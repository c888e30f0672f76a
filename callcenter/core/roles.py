"""Roles: who may do what. A role is a group of that name; its permissions are rows that a site may change.

Managers configure, supervisors see everything and steer calls and agents, auditors read everything
including the event log, agents work in their panel and have no admin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.contrib.auth.models import AnonymousUser, User

MANAGER, SUPERVISOR, AGENT, AUDITOR = "manager", "supervisor", "agent", "auditor"
ALL = (MANAGER, SUPERVISOR, AGENT, AUDITOR)

STAFF = (MANAGER, SUPERVISOR, AUDITOR)
"""Roles that may open the admin."""

CONFIGURATION = (
    "agents.team", "agents.skill", "agents.breakreason", "agents.agent", "agents.agentskill",
    "queues.disposition", "queues.queue", "queues.membership", "queues.membershiprule", "queues.callerpriority",
    "queues.queueskill", "queues.relaxationstep",
    "queues.schedule", "queues.openingspan", "queues.specialday", "queues.closure",
    "queues.announcement", "queues.music", "queues.wayout", "queues.callback", "queues.voicemailbox", "queues.directcalls",
    "ivr.number", "ivr.flow", "ivr.flowtest", "ivr.webconnection", "ivr.rule", "ivr.rulecase", "ivr.prompt",
    "telephony.trunk", "telephony.dialrule",
)  # fmt: skip
RECORDS = (
    "ivr.flowversion", "ivr.flowrun", "ivr.flowvisit",
    "agents.device", "queues.call", "queues.segment", "queues.offer", "queues.command", "queues.agentstateperiod",
    "ivr.recording", "ivr.recordingcode", "queues.voicemailmessage",
    "queues.requirement", "queues.requiredskill",
    "telephony.node", "telephony.callprocess", "telephony.registration", "telephony.leg", "telephony.outboundcall", "core.logentry",
)  # fmt: skip
SORTED = ("queues.voicemailmessage",)
"""Records that are put in order by hand: heard, archived, deleted."""
PEOPLE = ("auth.user", "auth.group")

PERMISSIONS: dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = {
    MANAGER: (
        (("view", "add", "change", "delete"), CONFIGURATION),
        (("view",), RECORDS),
        # No deleting: a person's name stays in the records; and no groups: what a role may do is the superuser's business.
        (("view", "add", "change"), ("auth.user",)),
        (("view",), ("auth.group", "auditlog.logentry")),
        (("change",), SORTED),
    ),
    SUPERVISOR: (
        (("view",), CONFIGURATION + RECORDS),
        # Who is on the floor when the heating fails closes the lines; to undo it is to end it sooner, so that it stays on record.
        # And who talks to customers promises callbacks.
        (("add", "change"), ("queues.closure", "queues.callback")),
        (("change",), SORTED),
    ),
    AUDITOR: ((("view",), (*CONFIGURATION, *RECORDS, *PEOPLE, "auditlog.logentry")),),
    AGENT: (),
}


def roles_of(user: User | AnonymousUser) -> frozenset[str]:
    """The names of the user's groups, read once per user object."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    found: frozenset[str] | None = getattr(user, "_roles", None)
    if found is None:
        found = frozenset(user.groups.values_list("name", flat=True))
        user._roles = found  # type: ignore[attr-defined]
    return found


def has_role(user: User | AnonymousUser, *roles: str) -> bool:
    """Whether the user has at least one of these roles; a superuser has them all."""
    if getattr(user, "is_superuser", False) and user.is_active:
        return True
    return not roles_of(user).isdisjoint(roles)


def codenames(role: str) -> Iterator[tuple[str, str]]:
    """(app label, codename) of every permission of the role."""
    for actions, models in PERMISSIONS[role]:
        for app_label, _, model in (name.partition(".") for name in models):
            yield from ((app_label, f"{action}_{model}") for action in actions)


def install(apps: Apps, schema_editor: Any = None) -> None:
    """Make the groups and give them their permissions; takes nothing away that a site has added.

    Works in a migration: there the permission rows of new models do not exist yet, because Django makes
    them after the last migration only.
    """
    _create_permissions(apps)
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for role in ALL:
        group, _ = Group.objects.get_or_create(name=role)
        for app_label, codename in codenames(role):
            group.permissions.add(*Permission.objects.filter(content_type__app_label=app_label, codename=codename))


def _create_permissions(apps: Apps) -> None:
    from django.contrib.auth.management import create_permissions

    for app_config in apps.get_app_configs():
        # A migration's app has models but no module of models; Django skips apps without one.
        if not hasattr(app_config, "models_module"):
            app_config.models_module = True  # type: ignore[assignment]
        create_permissions(app_config, apps=apps, verbosity=0)
