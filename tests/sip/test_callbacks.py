"""Calling customers back, end to end: the agent's phone rings, then the customer's behind a provider, then both talk."""

from __future__ import annotations

import itertools
from datetime import time
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from callcenter.core import bell, sealed
from queues import services as acd
from queues.models import Call, Callback
from queues.states import ACTIVE, ENDED
from telephony.models import CallProcess, DialRule, OutboundCall, Trunk
from tests.kill import kill_outright
from tests.sip import facts
from tests.sip.given import AGENT_TONE, staffed_team
from tests.sip.harness.fleet import Fleet, Phone, Takes
from tests.sip.harness.provider import Provider
from tests.sip.harness.stack import Stack, Team
from tests.until import until

CUSTOMER_TONE = 1600
ALWAYS: dict[str, Any] = {"callback_from": time(0), "callback_until": time(0), "callback_retry_minutes": 1}
ANSWERS = Takes(answer_after=0.1)
lines = itertools.count(1000)


def provider_for(stack: Stack, fleet: Fleet, takes: Takes, **fields: Any) -> tuple[Provider, str]:
    """A provider that asks for a password, with a trunk and a rule of its own; a number that leads to it."""
    provider = Provider.join(fleet, tone=CUSTOMER_TONE, takes=takes, secret=("site", "open sesame"))
    number = f"+493012{next(lines):04d}00"
    given = {"host": provider.host, "port": provider.port, "allowed_prefixes": "+49", "caller_id": "+4940555555", "auth_username": "site"}
    with override_settings(SECRET_KEY=(stack.folder / "secret_key").read_text().strip()), transaction.atomic():
        trunk = Trunk.objects.create(name=f"to {number}", auth_secret=sealed.seal("open sesame"), **(given | fields))
        DialRule.objects.create(trunk=trunk, prefix=number)
        bell.ring(bell.EDGE)
    return provider, number


def owed(team: Team, number: str) -> Callback:
    return acd.schedule_callback(team.queue.pk, number, at=timezone.now(), actor="user:1", name="Ann")


def state_of(callback: Callback) -> str:
    return Callback.objects.values_list("state", flat=True).get(pk=callback.pk)


def test_agent_then_customer_then_both_hear_each_other(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, ANSWERS, **ALWAYS)
    provider, number = provider_for(stack, fleet, Takes(answer_after=0.5))
    callback = owed(team, number)
    phone = until(lambda: next(iter(agent.calls), None), within=8, what="the agent's phone to ring")
    assert number in phone.remote, "the agent sees whom it is about"
    customer = until(lambda: next(iter(provider.calls), None), within=8, what="the customer's phone to ring")
    until(lambda: customer.hears(AGENT_TONE) and phone.hears(CUSTOMER_TONE), within=8, what="both to hear each other")
    assert "+4940555555" in customer.remote
    until(lambda: state_of(callback) == "talking", what="the rows to know")
    customer.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    until(lambda: phone.over, what="the agent's line to be closed")
    assert (call.outcome, call.direction, call.hung_up_by) == ("answered", "outbound", "caller")
    assert state_of(callback) == "done"
    assert call.answered_at
    legs = {leg.role: leg for leg in call.legs.all()}
    assert legs["caller"].rx_packets > 0
    assert legs["agent"].rx_packets > 0
    assert OutboundCall.objects.filter(call=call).count() == 1


def test_the_agent_hears_the_networks_own_tone_before_the_customer_answers(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, ANSWERS, **ALWAYS)
    provider, number = provider_for(stack, fleet, Takes(early=True))
    owed(team, number)
    customer = until(lambda: provider.ringing, within=8, what="the customer's phone to ring")
    until(lambda: agent.calls[0].hears(CUSTOMER_TONE, 1.5), within=8, what="the network's tone alone at the agent's phone")
    assert customer.state == "ringing"
    assert customer.share(AGENT_TONE) < 0.05, "nobody there hears the agent yet"
    customer.answer()
    until(lambda: customer.hears(AGENT_TONE) and agent.calls[0].hears(CUSTOMER_TONE), within=8, what="both to hear each other")
    _hang_up(agent, provider)


def test_what_the_network_says_of_a_wrong_number_is_heard(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, ANSWERS, **ALWAYS)
    _, number = provider_for(stack, fleet, Takes(early=True, answer_after=2.0, status=404))
    callback = owed(team, number)
    phone = until(lambda: next(iter(agent.calls), None), within=8, what="the agent's phone to ring")
    until(lambda: phone.hears(CUSTOMER_TONE), within=8, what="the network's announcement")
    until(lambda: phone.over, within=8, what="the agent's line to be closed")
    until(lambda: Callback.objects.get(pk=callback.pk).last_result == "no such number", what="the rows to know")


def test_a_busy_customer_frees_the_agent_and_is_tried_later(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, ANSWERS, wrap_up_seconds=60, **ALWAYS)
    _, number = provider_for(stack, fleet, Takes(answer_after=0.2, status=486))
    callback = owed(team, number)
    until(lambda: state_of(callback) == "scheduled", within=10, what="the attempt to fail")
    facts.until_available(team.agents)
    until(lambda: agent.calls[0].over, what="the agent's line to be closed")
    callback.refresh_from_db()
    assert (callback.attempts, callback.last_result) == (1, "busy")
    assert 50 < (callback.due_at - timezone.now()).total_seconds() <= 60
    [call] = facts.until_all_over(team.queue, 1)
    assert call.outcome == "unreached"


def test_an_agent_who_hangs_up_stops_the_customers_phone(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, ANSWERS, **ALWAYS)
    provider, number = provider_for(stack, fleet, Takes())
    owed(team, number)
    until(lambda: provider.calls and provider.calls[0].state == "ringing", within=8, what="the customer's phone to ring")
    agent.calls[0].hang_up()
    until(lambda: provider.calls[0].over, what="the customer's phone to stop")


def test_a_full_trunk_calls_nobody_and_counts_no_attempt(stack: Stack, fleet: Fleet) -> None:
    team, _ = staffed_team(stack, fleet, ANSWERS, **ALWAYS)
    provider, number = provider_for(stack, fleet, ANSWERS, max_outgoing_per_hour=1)
    trunk = Trunk.objects.get(name=f"to {number}")
    other = Call.objects.create(state=ENDED, ended_at=timezone.now())
    OutboundCall.objects.create(trunk=trunk, call=other, number=number, purpose="callback")
    callback = owed(team, number)
    until(lambda: state_of(callback) == "scheduled", within=10, what="the attempt to be put off")
    callback.refresh_from_db()
    assert (callback.attempts, callback.last_result) == (0, "no_line")
    assert provider.calls == []


@pytest.mark.kills
def test_a_process_killed_while_the_customer_is_called_stops_the_phone_and_tries_again(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, ANSWERS, **ALWAYS)
    provider, number = provider_for(stack, fleet, Takes())
    callback = owed(team, number)
    customer = until(lambda: provider.ringing, within=8, what="the customer's phone to ring")
    call = Call.objects.get(callback=callback)
    kill_outright(CallProcess.objects.get(name=call.process).pid)
    until(lambda: customer.over, what="the customer's phone to stop ringing")
    until(lambda: agent.calls[0].over, what="the agent's line to be closed")
    until(lambda: state_of(callback) == "scheduled", within=8, what="the callback to be kept")
    facts.until_available(team.agents)
    callback.refresh_from_db()
    assert (callback.attempts, callback.last_result) == (1, "process lost")
    provider.takes = Takes(answer_after=0.1)
    acd.call_now(callback.pk, actor="user:1")
    until(lambda: provider.calls[-1].hears(AGENT_TONE), within=10, what="the customer to hear the agent after all")
    assert Call.objects.filter(callback=callback, state=ACTIVE).count() == 1
    agent.calls[-1].hang_up()
    until(lambda: state_of(callback) == "done", what="the end")


def test_an_agent_who_declines_is_followed_by_the_next(stack: Stack, fleet: Fleet) -> None:
    team, phones = staffed_team(stack, fleet, Takes(answer_after=0.1, status=603), ANSWERS, strategy="linear", **ALWAYS)
    provider, number = provider_for(stack, fleet, ANSWERS)
    callback = owed(team, number)
    until(lambda: state_of(callback) == "talking", within=12, what="the second agent to be bridged")
    assert facts.outcomes(Call.objects.get(callback=callback)) == ["rejected", "accepted"]
    _hang_up(phones[1], provider)


def test_five_callbacks_at_once_and_two_agents(stack: Stack, fleet: Fleet) -> None:
    team, _ = staffed_team(stack, fleet, Takes(answer_after=0.1, talk_for=1.0), Takes(answer_after=0.1, talk_for=1.0), **ALWAYS)
    _, number = provider_for(stack, fleet, ANSWERS)
    trunk = Trunk.objects.get(name=f"to {number}")
    DialRule.objects.create(trunk=trunk, prefix="+43")
    Trunk.objects.filter(pk=trunk.pk).update(allowed_prefixes="+49\n+43")
    owing = [owed(team, f"+43120{index:05d}") for index in range(5)]
    until(lambda: Callback.objects.filter(pk__in=[one.pk for one in owing], state="done").count() == 5, within=30, what="all five")
    facts.until_all_over(team.queue, 5)
    assert Call.objects.filter(queue=team.queue).count() == 5, "nobody was called twice"


def _hang_up(agent: Phone, provider: Provider) -> None:
    agent.calls[-1].hang_up()
    until(lambda: provider.calls[-1].over, what="the customer's line to be closed")
