"""What waiting callers hear and when, and how they leave: announcements are told apart by tones instead of words."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from queues import phrases, services
from queues.models import Announcement, Call, Music, Queue, WayOut
from telephony import prompts
from tests.db.cast import pause
from tests.sip import facts
from tests.sip.given import AGENT_TONE, call_to, staffed_team
from tests.sip.harness import dialog, tones
from tests.sip.harness.fleet import Fleet, Takes
from tests.sip.harness.stack import Stack, Team
from tests.until import PATIENCE, until

RINGS = Takes()
NEXT, SECOND, ESTIMATE, WORDS, MUSIC = 700, 1200, 1500, 1800, 300
"""Hz."""


@pytest.fixture
def voice(stack: Stack, settings: Any) -> Any:
    """Lets the stack's clerks find a tone where a text would be spoken."""
    settings.DATA_DIR = stack.folder

    def becomes(text: str, hertz: int, seconds: float = 1.0) -> None:
        path = prompts.spoken(text)
        tones.write_wav(path, tones.tone(hertz, seconds))
        path.chmod(0o644)

    return becomes


def announce(team: Team, kind: str, text: str = "", first_after: int = 0, every: int = 0) -> None:
    position = team.queue.announcements.count()
    Announcement.objects.create(queue=team.queue, kind=kind, text=text, first_after=first_after, every=every, position=position)


def own_music(stack: Stack, team: Team) -> None:
    folder = Path(stack.folder) / "media" / "music"
    folder.mkdir(parents=True, exist_ok=True)
    for each in (folder.parent, folder):
        each.chmod(0o755)
    tones.write_wav(folder / "tone.wav", tones.tone(MUSIC, 20)).chmod(0o644)
    Music.objects.create(queue=team.queue, file="music/tone.wav")


def moment(line: dialog.Call, hertz: int, within: float = 6.0) -> float:
    """When the line first heard the tone, by the monotonic clock."""
    assert line.stream
    line.stream.listening_for = hertz
    until(lambda: line.stream and hertz in line.stream.heard_at, within=within, every=0.01, what=f"{hertz} Hz")
    return line.stream.heard_at[hertz]


def test_two_callers_hear_their_place_then_the_estimate_then_music_again(stack: Stack, fleet: Fleet, voice: Any) -> None:
    voice(phrases.position(1), NEXT)
    voice(phrases.position(2), SECOND)
    voice("About your wait.", ESTIMATE)
    team, [agent] = staffed_team(stack, fleet, Takes(answer_after=0.1))
    own_music(stack, team)
    announce(team, "position")
    announce(team, "message", "About your wait.", first_after=3)
    talker = call_to(team, fleet, "talker")
    until(lambda: talker.hears(AGENT_TONE), within=8, what="the agent to be busy")
    for place, hertz in ((1, NEXT), (2, SECOND)):
        line = call_to(team, fleet, f"caller{place}")
        until(lambda line=line: line.talking and line.stream, what="the answer")  # type: ignore[misc]
        assert moment(line, hertz) - line.answered_at < 1.5
        until(lambda line=line: line.hears(MUSIC), what="music after the place")  # type: ignore[misc]
        assert 2.0 < moment(line, ESTIMATE) - line.answered_at < 4.5
        until(lambda line=line: line.hears(MUSIC), what="music after the wait")  # type: ignore[misc]
    assert agent.talking


def test_an_announcement_is_cut_the_moment_the_agent_answers(stack: Stack, fleet: Fleet, voice: Any) -> None:
    voice("A very long story.", WORDS, 12.0)
    team, [agent] = staffed_team(stack, fleet, RINGS, ring_seconds=20)
    announce(team, "greeting", "A very long story.")
    caller = call_to(team, fleet)
    until(lambda: caller.hears(WORDS), what="the story to be told")
    facts.until_ringing(team.queue)
    ringing = agent.ringing
    assert ringing
    assert caller.stream
    caller.stream.listening_for = AGENT_TONE
    answered = time.monotonic()
    ringing.answer()
    until(lambda: caller.stream and AGENT_TONE in caller.stream.heard_at, every=0.01, what="the caller to hear the agent")
    assert caller.stream.heard_at[AGENT_TONE] - answered < 0.15 * PATIENCE, "as without an announcement"
    until(lambda: caller.hears(AGENT_TONE, 0.2), what="the agent alone")
    assert caller.share(WORDS, 0.2) < 0.05


def test_who_was_rung_in_vain_hears_a_word(stack: Stack, fleet: Fleet, voice: Any) -> None:
    voice("We are still trying.", WORDS)
    team, _ = staffed_team(stack, fleet, Takes(answer_after=0.1, status=486), cooldown_busy=30)
    announce(team, "reoffer", "We are still trying.")
    caller = call_to(team, fleet)
    until(lambda: caller.hears(WORDS), within=8, what="the word of comfort")


def test_overflow_by_length_and_by_wait_leads_to_agents_of_the_next_queue(stack: Stack, fleet: Fleet) -> None:
    first, _ = staffed_team(stack, fleet)
    second, _ = staffed_team(stack, fleet, Takes(answer_after=0.1), Takes(answer_after=0.1))
    WayOut.objects.create(queue=first.queue, when="length", threshold=1, kind="queue", next_queue=second.queue)
    WayOut.objects.create(queue=first.queue, when="waited", threshold=4, kind="queue", next_queue=second.queue)
    waits = call_to(first, fleet, "waits")
    facts.until_waiting(first.queue)
    overflows = call_to(first, fleet, "overflows")
    until(lambda: overflows.hears(AGENT_TONE) or overflows.hears(AGENT_TONE + 200), what="the second caller to be helped elsewhere")
    assert not waits.hears(AGENT_TONE)
    until(
        lambda: waits.hears(AGENT_TONE) or waits.hears(AGENT_TONE + 200), within=8, what="the first caller to be helped after four seconds"
    )
    reasons = {
        call.segments.order_by("number").values_list("exit_reason", flat=True)[0] for call in Call.objects.filter(queue=second.queue)
    }
    assert reasons == {"length", "waited"}


def test_when_the_last_agent_pauses_callers_leave_if_breaks_count_as_absent(stack: Stack, fleet: Fleet, voice: Any) -> None:
    voice("Nobody is here.", WORDS)
    lines = []
    for counts in (True, False):
        team, _ = staffed_team(stack, fleet, Takes(answer_after=0.1), leave_empty=True, absent_paused=counts)
        WayOut.objects.create(queue=team.queue, when="nobody_there", message="Nobody is here.")
        talker = call_to(team, fleet, f"talker{counts}")
        until(lambda talker=talker: talker.hears(AGENT_TONE), within=8, what="the agent to be busy")  # type: ignore[misc]
        services.take_break(team.agents[0].pk, pause().pk, actor="system:test")
        lines.append(call_to(team, fleet, f"waits{counts}"))
        facts.until_waiting(team.queue)
        talker.hang_up()
    leaves, stays = lines
    until(lambda: leaves.hears(WORDS), within=9, what="the way out to be heard")
    until(lambda: leaves.over and leaves.by_peer, what="the line to be closed")
    assert stays.talking
    assert not stays.hears(WORDS)


def test_a_caller_of_another_queue_is_lent_to_a_free_agent(stack: Stack, fleet: Fleet) -> None:
    team, _ = staffed_team(stack, fleet, lend_after=2)
    helper, _ = staffed_team(stack, fleet, Takes(answer_after=0.1))
    Queue.objects.filter(pk=team.queue.pk).update(helper=helper.queue)
    caller = call_to(team, fleet)
    until(lambda: caller.hears(AGENT_TONE), within=8, what="the helper's agent")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, by=helper.agents[0], hung_up_by="caller")
