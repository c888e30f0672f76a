"""A waiting caller presses 1 and hangs up; when an agent comes, the phone rings at the caller's."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from agents.models import Agent
from ivr.prompts.system import PROMPTS
from queues import chosentimes, spokentimes
from queues.callbackwindows import Window
from queues.models import Callback, Queue
from queues.states import LIVE
from tests.sip import facts
from tests.sip.given import AGENT_TONE
from tests.sip.harness.dialog import Call
from tests.sip.harness.fleet import Fleet, Takes
from tests.sip.harness.stack import PASSWORD, Stack, Team
from tests.sip.test_callbacks import ALWAYS, provider_for
from tests.sip.test_calls_waiting import moment
from tests.sip.test_calls_waiting import voice as voice
from tests.until import until

READ_BACK, WHEN, TIMES, AGREED = 700, 1200, 1500, 1800
"""Hz, instead of words."""


def press(call: Call, digit: str) -> None:
    """By SIP INFO; answered before the next one is pressed."""

    def send() -> None:
        request = call._request("INFO")
        request.headers.append(("content-type", "application/dtmf-relay"))
        request.body = f"Signal={digit}\r\nDuration=160\r\n"
        call._ask(request)

    call.phone.fleet.now(send)


def waits(stack: Stack, fleet: Fleet, number: str, **queue: Any) -> tuple[Team, Call]:
    team = stack.team(agents=1, callback_offer="announced", **ALWAYS, **queue)
    caller = fleet.phone(number).call(team.number)
    facts.until_waiting(team.queue)
    until(lambda: caller.talking, what="the caller to be answered")
    return team, caller


def comes(fleet: Fleet, agent: Agent) -> None:
    fleet.phone(agent.sip_username, PASSWORD, tone=AGENT_TONE, takes=Takes(answer_after=0.1)).register()


def test_press_one_keeps_the_place_and_the_phone_rings_later(stack: Stack, fleet: Fleet) -> None:
    provider, number = provider_for(stack, fleet, Takes(answer_after=0.2))
    team, caller = waits(stack, fleet, number)
    place = facts.only_call(team.queue).order_key
    for digit in "11":
        press(caller, digit)
    until(lambda: _asks(caller), within=10, what="the request to be taken")
    until(lambda: caller.over, within=20, what="the good-bye to end the call")
    callback = Callback.objects.get(queue=team.queue)
    assert (callback.number, callback.state, callback.order_key) == (number, "due", place)
    until(
        lambda: ("callback", "callback") in [(call.outcome, call.exit_reason) for call in facts.calls_of(team.queue)],
        what="the record to say what the caller chose",
    )
    comes(fleet, team.agents[0])
    customer = until(lambda: next(iter(provider.calls), None), within=10, what="the customer's phone to ring")
    until(lambda: customer.hears(AGENT_TONE), within=8, what="the customer to hear the agent")
    customer.hang_up()
    until(lambda: Callback.objects.get(pk=callback.pk).state == "done", what="the callback to be done")


def test_a_number_that_no_trunk_may_call_is_refused_and_the_caller_waits_on(stack: Stack, fleet: Fleet) -> None:
    team, caller = waits(stack, fleet, "alice")
    for digit in "111":
        press(caller, digit)
    comes(fleet, team.agents[0])
    until(lambda: caller.hears(AGENT_TONE), within=10, what="the caller to hear the agent")
    assert not Callback.objects.filter(queue=team.queue, state__in=LIVE).exists()
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    assert call.outcome == "answered"


def test_a_window_chosen_by_keys_is_promised_and_waits_for_its_time(stack: Stack, fleet: Fleet, voice: Any) -> None:
    _, number = provider_for(stack, fleet, Takes())
    team, caller = waits(stack, fleet, number, callback_choose_time=True, callback_days_ahead=1)
    place = facts.only_call(team.queue).order_key
    window, today = _next_window(team.queue)
    voice(PROMPTS["callback-at"].en, READ_BACK)
    voice(PROMPTS["callback-when"].en, WHEN)
    voice(spokentimes.choice(window.starts, window.ends, today, "1"), TIMES)
    voice(spokentimes.promise(window.starts, window.ends, today), AGREED)
    for keys, hertz in (("11", READ_BACK), ("1", WHEN), ("2", TIMES), ("1", AGREED)):
        for key in keys:
            caller.press(key)
        moment(caller, hertz, within=12)
    until(lambda: caller.over, within=10, what="the good-bye to end the call")
    callback = Callback.objects.get(queue=team.queue)
    assert (callback.number, callback.state, callback.order_key) == (number, "scheduled", place)
    assert (callback.due_at, callback.window_from, callback.window_until) == (window.starts, window.starts, window.ends)
    until(lambda: [call.outcome for call in facts.calls_of(team.queue)] == ["callback"], what="the call to count as callback")
    Callback.objects.filter(pk=callback.pk).update(due_at=timezone.now())
    until(lambda: Callback.objects.get(pk=callback.pk).state == "due", within=10, what="the clock to see that its time has come")
    assert facts.calls_of(team.queue)[-1].order_key == place


def _next_window(queue: Queue) -> tuple[Window, date]:
    """The first that will be read out, by the queue's clock, and the day that it is; not a moment before it changes."""
    zone = chosentimes.zone(queue)

    def soon(seconds: int) -> tuple[Window, date]:
        now = timezone.now() + timedelta(seconds=seconds)
        first = chosentimes.page(queue, now).windows[0]
        return Window(first.starts.astimezone(zone), first.ends.astimezone(zone)), now.astimezone(zone).date()

    until(lambda: soon(0) == soon(30), within=40, what="windows that stay as they are for a while")
    return soon(0)


def _asks(caller: Call) -> bool:
    """Confirm again and again: the number is read from rows first, and keys mean nothing meanwhile."""
    if not caller.over and not Callback.objects.filter(origin__sip_call_id=caller.call_id).exists():
        press(caller, "1")
    return Callback.objects.filter(origin__sip_call_id=caller.call_id).exists()
