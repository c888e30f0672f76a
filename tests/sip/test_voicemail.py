"""A queue's way out leads to a voicemail box: real calls, tones and keys, and the files that come of them."""

from __future__ import annotations

import stat
import wave
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from queues import metrics
from queues.models import Call, VoicemailBox, VoicemailMessage, WayOut
from queues.panel.mailbox import mailbox
from queues.states import ENDED, CallOutcome, SegmentOutcome
from queues.voicemail import files
from telephony.models import CallProcess
from tests.sip import facts
from tests.sip.given import CALLER_TONE, call_to, staffed_team
from tests.sip.harness import tones
from tests.sip.harness.dialog import Call as Dialog
from tests.sip.harness.fleet import Fleet, Takes
from tests.sip.harness.phones import Bank
from tests.sip.harness.stack import Stack, Team
from tests.until import until

TONE = 1000
A_LAW_ZERO = bytes([0xD5]) * 160


@pytest.fixture(autouse=True)
def data(stack: Stack, settings: Any) -> Path:
    settings.DATA_DIR = stack.folder
    return stack.folder


def team_with_box(stack: Stack, **box: Any) -> tuple[Team, VoicemailBox]:
    """A queue whose agent is not there: after a second its callers may leave a message."""
    fields: dict[str, Any] = {"greeting": "", "review": False, "min_seconds": 0, "silence_seconds": 1} | box
    number = VoicemailBox.objects.count() + 1
    made = VoicemailBox.objects.create(name=f"Box {number}", slug=f"box-{number}", **fields)
    team = stack.team(agents=1, max_wait=1)
    WayOut.objects.create(queue=team.queue, kind="voicemail", target=made.slug)
    return team, made


def until_recorded(stack: Stack, call: Call, seconds: float) -> Path:
    """The file of the call's process, when so much has been written."""
    folder = files.folder() / "incoming" / stack.environment["NODE_NAME"]

    def file() -> Path | None:
        return next((one for one in folder.glob(f"{call.process}-b*.wav") if one.stat().st_size > seconds * files.BYTES_PER_SECOND), None)

    return until(file, within=15, what=f"{seconds} s of recording")


def until_message(box: VoicemailBox, within: float = 8) -> VoicemailMessage:
    """With its file: the row is there a moment sooner."""
    message = until(lambda: box.messages.first(), within=within, what="the message")
    until(lambda: files.path_of(message).exists(), what="its file")
    return message


def spool(stack: Stack) -> list[str]:
    return [one.name for one in (files.folder() / "incoming" / stack.environment["NODE_NAME"]).iterdir()]


def sound(message: VoicemailMessage) -> Any:
    with wave.open(str(files.path_of(message))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def is_the_callers_voice(message: VoicemailMessage) -> None:
    heard = sound(message)
    assert len(heard) == pytest.approx(message.seconds * 8000, abs=160)
    assert tones.share(heard[1600:-1600], CALLER_TONE) > 0.9
    assert tones.share(heard, TONE) < 0.05


def left_a_message(call: Call) -> None:
    """The stay is a voicemail, and the figures add up."""
    call.refresh_from_db()
    assert (call.state, call.outcome) == (ENDED, CallOutcome.VOICEMAIL)
    assert [stay.outcome for stay in call.segments.all()] == [SegmentOutcome.VOICEMAIL]
    assert call.queue
    figures = metrics.queue_figures(call.queue)
    assert (figures.offered, figures.voicemail, figures.overflow) == (1, 1, 0)
    assert metrics.broken_identities(call.arrived_at) == []


def test_who_hangs_up_has_left_the_message(stack: Stack, fleet: Fleet) -> None:
    team, box = team_with_box(stack)
    caller = call_to(team, fleet)
    until(lambda: caller.hears(TONE, 0.2), within=8, what="the tone")
    call = facts.only_call(team.queue)
    until_recorded(stack, call, 1)
    caller.hang_up()
    facts.until_all_over(team.queue, 1)
    message = until_message(box)
    assert (message.ended_by, message.partial, message.state, message.caller_number) == ("caller", False, "new", "caller")
    assert 1 <= message.seconds < 4
    is_the_callers_voice(message)
    left_a_message(call)
    assert spool(stack) == []
    file = files.path_of(message).stat()
    assert (stat.S_IMODE(file.st_mode), file.st_uid) == (0o600, psutil.Process().uids().real)


def test_silence_ends_the_message_and_we_hang_up(stack: Stack, fleet: Fleet) -> None:
    team, box = team_with_box(stack)
    caller = call_to(team, fleet)
    call = until(lambda: Call.objects.filter(queue=team.queue).first(), what="the call")
    until_recorded(stack, call, 1)
    falls_silent(caller)
    message = until_message(box)
    assert (message.ended_by, caller.over) == ("silence", False)
    until(lambda: caller.over, within=10, what="our good-bye")
    facts.until_all_over(team.queue, 1)
    is_the_callers_voice(message)
    left_a_message(call)
    call.refresh_from_db()
    assert (call.hung_up_by, call.exit_reason) == ("system", "voicemail")


def test_keys_end_play_repeat_and_keep_the_message(stack: Stack, bank: Bank) -> None:
    team, box = team_with_box(stack, review=True, silence_seconds=0)
    line = bank.phone("caller", tone=CALLER_TONE).call(f"sip:{team.number}@{bank.edge}")
    call = until(lambda: Call.objects.filter(queue=team.queue).first(), what="the call")
    first = until_recorded(stack, call, 2)
    line.send_digits("#")
    size = until(lambda: first.exists() and closed_size(first), what="the file to be closed")
    line.send_digits("1", "info")
    until(lambda: line.hears(CALLER_TONE), what="the caller to hear the own message")
    line.send_digits("2")
    until(lambda: first.stat().st_size < size, within=8, what="a new recording")
    until_recorded(stack, call, 1.2)
    line.send_digits("#")
    until(lambda: closed_size(first), what="the file to be closed")
    assert not box.messages.exists(), "nothing is kept before the caller has chosen"
    line.send_digits("3")
    message = until_message(box)
    assert 1.2 <= message.seconds < size / files.BYTES_PER_SECOND
    line.hang_up()
    facts.until_all_over(team.queue, 1)
    left_a_message(call)
    assert box.messages.count() == 1


def test_who_calls_an_agent_who_declines_leaves_a_message_in_the_agents_own_box(stack: Stack, fleet: Fleet) -> None:
    """As with the queue of direct calls that every installation has: ringing, no word of a queue, then the agent's greeting."""
    as_direct: dict[str, Any] = {"public_extensions": True, "answer_mode": "ringback", "retry_limit": 1}
    team, [phone] = staffed_team(stack, fleet, Takes(answer_after=0.5, status=603), **as_direct)
    [alice] = team.agents
    box = VoicemailBox.objects.create(
        name="Own box", slug="own-box", agent=alice, greeting="", review=False, min_seconds=0, silence_seconds=1
    )
    caller = fleet.phone("caller", tone=CALLER_TONE).call(alice.extension)
    until(lambda: caller.hears(TONE, 0.2), within=8, what="the tone")
    assert (len(phone.calls), caller.provisionals[-1]) == (1, 180)
    call = facts.only_call(team.queue)
    until_recorded(stack, call, 1)
    caller.hang_up()
    facts.until_all_over(team.queue, 1)
    message = until_message(box)
    is_the_callers_voice(message)
    left_a_message(call)
    assert [shown["id"] for shown in mailbox(alice)["messages"]] == [message.pk], "the panel shows it to her"


@pytest.mark.kills
def test_what_was_said_to_a_process_that_dies_is_kept_as_a_partial_message(stack: Stack, fleet: Fleet) -> None:
    team, box = team_with_box(stack)
    call_to(team, fleet)
    call = until(lambda: Call.objects.filter(queue=team.queue).first(), what="the call")
    until_recorded(stack, call, 1)
    process_of(call).kill()
    message = until_message(box, within=15)
    assert (message.partial, message.ended_by, message.call_id) == (True, "failure", call.pk)
    assert message.seconds >= 1
    is_the_callers_voice(message)
    [over] = facts.until_all_over(team.queue, 1)
    assert over.outcome == CallOutcome.LOST
    assert metrics.broken_identities(call.arrived_at) == []
    assert spool(stack) == []


def falls_silent(caller: Dialog) -> None:
    assert caller.stream
    caller.stream.payloads = [A_LAW_ZERO]


def closed_size(path: Path) -> int:
    """The size, once the header tells it."""
    return path.stat().st_size if any(path.read_bytes()[40:44]) else 0


def process_of(call: Call) -> psutil.Process:
    return psutil.Process(CallProcess.objects.get(node__name=call.node, name=call.process).pid)
