"""Calls to the outside: where a number would go, and leave to call it.

Every call costs money, and stolen leave costs most of it: so a number must fit a dial rule, a country that its trunk
allows, and limits that are counted under the trunk's lock, on whatever node the call is. The leave is signed; the edge
carries nothing out without one, and call processes cannot make one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from callcenter.core import events
from callcenter.core.e164 import costs_extra, e164
from callcenter.core.errors import Refusal
from queues.states import LIVE
from telephony.dialrules import Rule, allowed, fitting
from telephony.edge.tokens import Leave, Signer
from telephony.models import DialRule, OutboundCall, Trunk
from telephony.validation import prefixes

log = structlog.get_logger(__name__)

LEAVE_SECONDS = 60
"""Within this time the INVITE must have begun, its answer to a challenge included."""


class OutboundRefused(Refusal):
    """This number cannot be called."""

    code: ClassVar[str] = "outbound_refused"


class NoDialRule(OutboundRefused):
    """No dial rule leads to this number. Add one for the beginning of the number."""

    code: ClassVar[str] = "no_dial_rule"


class CountryNotAllowed(OutboundRefused):
    """The trunk may not call numbers that begin so. Add the beginning to its allowed prefixes if it should."""

    code: ClassVar[str] = "country_not_allowed"


class PremiumRefused(OutboundRefused):
    """This number costs extra, and the trunk may not call such numbers."""

    code: ClassVar[str] = "premium_refused"


class TrunkFull(OutboundRefused):
    """All calls to the outside that the trunk may have at once are in use."""

    code: ClassVar[str] = "trunk_full"


class TrunkQuotaUsed(OutboundRefused):
    """The trunk has begun as many calls within the last hour as it may."""

    code: ClassVar[str] = "trunk_quota_used"


@dataclass(frozen=True, slots=True)
class Way:
    """Where a number goes: through which trunk, and what is sent there."""

    trunk: Trunk
    sent: str


@dataclass(frozen=True, slots=True)
class Permit:
    """`user` is the user part that the edge accepts, once; `caller_id` what the other side sees."""

    id: int
    user: str
    caller_id: str

    def uri(self, edge: str) -> str:
        """:param edge: host:port of the node's edge."""
        return f"sip:{self.user}@{edge}"


def number_of(text: str) -> str:
    """In E.164, with the site's own country (PHONE_REGION) understood. Raises NotANumber."""
    return e164(text, settings.PHONE_REGION)


def ways(number: str) -> list[Way]:
    """Every trunk that may carry a call to this number in E.164, in the order in which they are asked.

    :raises OutboundRefused: none may.
    """
    trunks = {trunk.pk: trunk for trunk in Trunk.objects.filter(active=True).exclude(host="")}
    rows = DialRule.objects.filter(active=True, trunk__in=trunks).order_by("position", "pk")
    rules = fitting(number, [Rule(row.trunk_id, row.prefix, row.strip, row.prepend) for row in rows])
    if not rules:
        raise NoDialRule(field="number")
    refusals = [(rule, _why_not(trunks[rule.trunk], number)) for rule in rules]
    found = [Way(trunks[rule.trunk], rule.sent(number)) for rule, why in refusals if why is None]
    if not found:
        raise next(why for _, why in refusals if why)
    return found


def _why_not(trunk: Trunk, number: str) -> OutboundRefused | None:
    if not allowed(number, prefixes(trunk.allowed_prefixes)):
        return CountryNotAllowed(field="number")
    if costs_extra(number) and not trunk.premium_allowed:
        return PremiumRefused(field="number")
    return None


def permit(call_id: int, number: str, *, purpose: str) -> Permit:
    """Leave to call this number in E.164 once, for this call, through the first trunk that has room.

    :raises OutboundRefused: no rule, not allowed, or no room; written to the call's time line.
    """
    try:
        return _first_with_room(call_id, number, purpose)
    except OutboundRefused as refused:
        log.warning("outbound call refused", call=call_id, why=refused.code)
        events.append("call.outbound_refused", subject=f"call:{call_id}", actor="system:outbound", cause=refused.code)
        raise


def _first_with_room(call_id: int, number: str, purpose: str) -> Permit:
    possible = ways(number)
    for way in possible[:-1]:
        try:
            return _permit(call_id, number, way, purpose)
        except (TrunkFull, TrunkQuotaUsed) as full:
            log.info("trunk passed over", trunk=way.trunk.pk, why=full.code)
    return _permit(call_id, number, possible[-1], purpose)


@transaction.atomic
def _permit(call_id: int, number: str, way: Way, purpose: str) -> Permit:
    """Two calls that want the trunk's last place wait for each other at its row, and the second sees the first."""
    trunk = Trunk.objects.select_for_update(no_key=True).get(pk=way.trunk.pk)
    given = OutboundCall.objects.filter(trunk=trunk)
    if given.filter(ended_at__isnull=True, call__state__in=LIVE).count() >= trunk.max_outgoing:
        raise TrunkFull
    if given.filter(permitted_at__gt=timezone.now() - timedelta(hours=1)).count() >= trunk.max_outgoing_per_hour:
        raise TrunkQuotaUsed
    row = OutboundCall.objects.create(trunk=trunk, call_id=call_id, number=number, purpose=purpose)
    data = {"trunk": trunk.pk, "purpose": purpose}
    events.append("call.outbound_permitted", subject=f"call:{call_id}", actor="system:outbound", data=data)
    leave = Leave(trunk.pk, way.sent, row.pk, int(time.time()) + LEAVE_SECONDS)
    return Permit(row.pk, Signer(settings.SECRET_KEY).leave(leave), trunk.caller_id)


def ended(call_id: int) -> None:
    """What was dialled for this call is over, though the call may go on: the trunk has room again."""
    OutboundCall.objects.filter(call=call_id, ended_at__isnull=True).update(ended_at=timezone.now())
