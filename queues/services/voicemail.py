"""Voicemail: a message is left, heard, sorted, thrown away, erased."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from callcenter.core import events
from callcenter.core.errors import NotFound
from callcenter.core.stateful import advance, write

from .. import direct
from ..locks import hold, one_transaction
from ..models import Call, DirectCalls, Segment, VoicemailBox, VoicemailMessage, WayOut
from ..refusals import SoundErased
from ..states import ENDED, CallOutcome, SegmentOutcome
from ..voicemail import files
from ..voicemail.states import DELETED, NEW
from ..voicemail.validation import addresses
from ..voicemail.way import ToVoicemail
from . import exits

CAME_TO_NOTHING = (CallOutcome.OVERFLOWED, CallOutcome.ABANDONED, CallOutcome.REFUSED, CallOutcome.SERVED)
"""Outcomes of a call whose message is stored after its end: it did not come to nothing after all."""


def box_of_way_out(call_id: int) -> VoicemailBox | None:
    """Where the way out that the call took last leaves its message; None if that ends otherwise, or the box takes none.

    Who wanted one agent gets that agent's own box, if that is where the agent's callers are led.
    """
    call = Call.objects.only("wanted_agent", "way_out").get(pk=call_id)
    own = direct.way_of(call.wanted_agent_id) if call.wanted_agent_id else None
    way = WayOut.objects.filter(pk=call.way_out, kind=ToVoicemail.name).first() if call.way_out else None
    if own and own.kind == ToVoicemail.name and (way or call.way_out is None):
        return VoicemailBox.objects.get(slug=own.target)
    return VoicemailBox.objects.filter(active=True, slug=way.target).first() if way else None


def words_of_agent(call_id: int) -> str:
    """What the agent whom the caller wanted lets those hear who are not taken; empty if that is another thing than words."""
    call = Call.objects.only("wanted_agent", "way_out").get(pk=call_id)
    own = DirectCalls.objects.filter(agent=call.wanted_agent_id, unanswered=direct.Unanswered.MESSAGE).first()
    return own.message if own and call.way_out is None else ""


# ---- a message is left ------------------------------------------------------------------------------------------------
def keep_message(
    source: str, *, box_id: int, call_id: int | None, seconds: float, ended_by: str, partial: bool = False
) -> VoicemailMessage:
    """Store a message. The same recording again (the first answer was lost) is the same message.

    :param source: node and file that it was recorded as, unique.
    :param seconds: how long it is.
    :param partial: the process died while it was recorded.
    """
    known = VoicemailMessage.objects.filter(source=source).first()
    return known or _keep(source, box_id, call_id, {"seconds": seconds, "ended_by": ended_by, "partial": partial})


@one_transaction
def _keep(source: str, box_id: int, call_id: int | None, facts: dict[str, Any]) -> VoicemailMessage:
    call = hold(call_id=call_id).the_call if call_id else None
    box = VoicemailBox.objects.get(pk=box_id)
    caller = {"caller_number": call.caller_number, "caller_name": call.caller_name} if call else {}
    notice = VoicemailMessage.Notice.DUE if addresses(box.notify) else VoicemailMessage.Notice.NONE
    message, fresh = VoicemailMessage.objects.get_or_create(
        source=source, defaults={"box": box, "call": call, "notice": notice, **caller, **facts}
    )
    if fresh:
        _tell(message, box)
        if call:
            _count_as_voicemail(call)
    return message


def _tell(message: VoicemailMessage, box: VoicemailBox) -> None:
    data = {"box": box.pk, "seconds": round(message.seconds, 1)}
    owners = {"queue": box.queue_id, "agent": box.agent_id, "call": message.call_id, "partial": message.partial}
    data |= {name: value for name, value in owners.items() if value}
    events.append("voicemail.left", subject=f"voicemail:{message.pk}", actor="caller", cause=message.ended_by, data=data)
    if message.call_id:
        told = {"box": box.pk, "message": message.pk}
        events.append("call.message_left", subject=f"call:{message.call_id}", actor="caller", cause=message.ended_by, data=told)


def _count_as_voicemail(call: Call) -> None:
    """The stay that led here came to a message, and so did the call, also if it ended before the message was stored."""
    stay = Segment.objects.filter(call=call).exclude(outcome=SegmentOutcome.REFUSED).order_by("-number").first()
    if stay and stay.outcome == SegmentOutcome.OVERFLOW and stay.exit_reason != exits.MOVED:
        write(stay, outcome=SegmentOutcome.VOICEMAIL)
    if call.state == ENDED and call.outcome in CAME_TO_NOTHING:
        write(call, outcome=CallOutcome.VOICEMAIL)


# ---- what becomes of it -----------------------------------------------------------------------------------------------
@transaction.atomic
def mark_heard(message_id: int, *, actor: str) -> None:
    """Somebody listened to it. Who is not the first changes nothing."""
    message = _locked(message_id)
    if message.state == NEW:
        first = {} if message.heard_at else {"heard_at": timezone.now(), "heard_by": actor}
        _move(message, "heard", actor, **first)


@transaction.atomic
def mark_new(message_id: int, *, actor: str) -> None:
    _move(_locked(message_id), "marked_new", actor)


@transaction.atomic
def archive_message(message_id: int, *, actor: str) -> None:
    _move(_locked(message_id), "archived", actor)


@transaction.atomic
def delete_message(message_id: int, *, actor: str) -> None:
    """Into the bin; the sound stays for some days."""
    _move(_locked(message_id), "deleted", actor)


@transaction.atomic
def restore_message(message_id: int, *, actor: str) -> None:
    """:raises SoundErased: nothing is left to hear."""
    message = _locked(message_id)
    if message.erased_at:
        raise SoundErased
    _move(message, "restored", actor)


@transaction.atomic
def write_message_notes(message_id: int, notes: str, *, actor: str) -> None:
    message = _locked(message_id)
    if notes != message.notes:
        write(message, notes=notes)
        events.append("voicemail.noted", subject=f"voicemail:{message.pk}", actor=actor, data={"box": message.box_id})


@transaction.atomic
def message_played(message: VoicemailMessage, *, actor: str) -> None:
    """Somebody has been given the sound: every access is in the event log."""
    events.append("voicemail.played", subject=f"voicemail:{message.pk}", actor=actor, data={"message": message.pk})


def erase_message(message_id: int, *, actor: str) -> None:
    """The sound goes for good; that there was a message stays. The file first: should we die between, it is done again."""
    files.erase(VoicemailMessage.objects.get(pk=message_id))
    _note_erased(message_id, actor)


@transaction.atomic
def _note_erased(message_id: int, actor: str) -> None:
    message = _locked(message_id)
    if message.state != DELETED:
        _move(message, "expired", actor)
    if message.erased_at is None:
        write(message, erased_at=timezone.now(), notice=_no_notice(message))
        events.append("voicemail.erased", subject=f"voicemail:{message.pk}", actor=actor, data={"box": message.box_id})


def _no_notice(message: VoicemailMessage) -> str:
    """Nobody is told of what cannot be heard any more."""
    due = message.notice == VoicemailMessage.Notice.DUE
    return VoicemailMessage.Notice.FAILED if due else message.notice


def _locked(message_id: int) -> VoicemailMessage:
    message = VoicemailMessage.objects.select_for_update(no_key=True).filter(pk=message_id).first()
    if message is None:
        raise NotFound("There is no such message.")
    return message


def _move(message: VoicemailMessage, event: str, actor: str, **fields: Any) -> None:
    advance(message, event, actor=actor, data={"box": message.box_id}, **fields)
