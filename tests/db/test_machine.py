"""Whatever order things happen in, the rows add up: hypothesis plays agents, callers and the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from agents.models import AgentSkill, Device
from callcenter.core.errors import Refusal
from queues import invariants, services
from queues.models import Call, Offer, Queue
from queues.states import OfferOutcome

from . import cast

pytestmark = pytest.mark.django_db

FAILURES = [OfferOutcome.REJECTED, OfferOutcome.BUSY, OfferOutcome.NO_ANSWER, OfferOutcome.UNREACHABLE]
asks_for: st.SearchStrategy[dict[str, int]] = st.just({}) | st.dictionaries(st.sampled_from(["German", "Invoices"]), st.integers(1, 5))
any_row = st.integers(min_value=0, max_value=99)


def refusing(service: Any, *args: Any, **kwargs: Any) -> None:
    """A refusal is an answer, as long as it leaves nothing half done."""
    try:
        with transaction.atomic():
            service(*args, **kwargs)
    except Refusal:
        pass


class CallCenter(RuleBasedStateMachine):
    """Five queues with different rules, four agents (one with two slots) with different skills, and everything that can happen to
    them."""

    def __init__(self) -> None:
        super().__init__()
        self.rollback = transaction.atomic()
        self.rollback.__enter__()
        third = cast.queue("third", strategy="ring-all", retry_limit=2, join_empty=False, wrap_up_seconds=0)
        second = cast.queue("second", strategy="round-robin", wrap_up_seconds=20, capacity=3, next_queue=third)
        first = cast.queue("first", strategy="fewest-calls", tier_wait=30, max_wait=60, retry_limit=3, next_queue=second)
        cast.way_out(first, "length", 3, next_queue=third)
        cast.way_out(second, "per_agent", 4)
        Queue.objects.filter(pk=third.pk).update(helper=second, lend_after=10, leave_empty=True, absent_paused=True)
        fourth = cast.require(
            cast.queue("fourth", strategy="sticky", second_strategy="skills-weighted", sticky_seconds=20), (20, "German", 2), (40, "", 0),
            German=4,
        )  # fmt: skip
        fifth = cast.queue("fifth", strategy="ring-progressively", progressive_seconds=1, retry_limit=3)
        self.queues = [first, second, third, fourth, fifth]
        self.agents = [
            cast.skilled(cast.agent("alice", queues=(first, second, fourth), max_misses=2), German=5),
            cast.skilled(cast.agent("bob", queues=(first, third, fourth, fifth), max_concurrent_calls=2), German=2, Invoices=3),
            cast.agent("carol", queues=(second, third, fourth, fifth), ready_when_registered=True),
            cast.agent("dave", queues=(first,), state="offline"),
        ]  # fmt: skip
        self.agents[3].memberships.update(tier=1)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.rollback.__exit__(None, None, None)

    def some(self, rows: Any, n: int) -> Any:
        found = list(rows.order_by("pk"))
        return found[n % len(found)] if found else None

    @rule(n=any_row, priority=st.integers(0, 3), wanted=st.none() | any_row, asks=asks_for, number=st.sampled_from("123"))
    def a_caller_comes(self, n: int, priority: int, wanted: int | None, asks: dict[str, int], number: str) -> None:
        agent = None if wanted is None else self.agents[wanted % 4].pk
        call = cast.arrive(caller_number=number).pk
        services.enqueue(call, self.queues[n % 5].pk, priority=priority, wanted_agent_id=agent, skills=cast.needs(**asks))

    @rule(n=any_row, name=st.sampled_from(["German", "Invoices"]), level=st.integers(0, 5))
    def an_agent_learns_or_forgets(self, n: int, name: str, level: int) -> None:
        agent = self.agents[n % 4]
        if level:
            cast.skilled(agent, **{name: level})
        else:
            AgentSkill.objects.filter(agent=agent, skill__name=name).delete()
        services.skills_changed()
        services.sweep("test")  # the bell's hearer

    @rule(after=st.integers(1, 60), level=st.integers(1, 5))
    def a_manager_asks_for_something_else(self, after: int, level: int) -> None:
        queue = self.queues[3]
        queue.skills.update(minimum_level=level)
        queue.relaxation_steps.filter(skill__isnull=False).update(after_seconds=after)
        services.requirements_changed(queue.pk)
        services.sweep("test")

    @rule(n=any_row)
    @precondition(lambda self: Offer.objects.open().exists())
    def an_agent_answers(self, n: int) -> None:
        assert services.accept(self.some(Offer.objects.open(), n).pk)

    @rule(n=any_row)
    def an_agent_answers_an_old_offer(self, n: int) -> None:
        if offer := self.some(Offer.objects.exclude(outcome=OfferOutcome.OPEN), n):
            assert not services.accept(offer.pk)

    @rule(n=any_row, outcome=st.sampled_from(FAILURES))
    def an_offer_fails(self, n: int, outcome: OfferOutcome) -> None:
        if offer := self.some(Offer.objects.all(), n):
            services.offer_failed(offer.pk, outcome)

    @rule(n=any_row, by=st.sampled_from(["caller", "agent", "system"]))
    def somebody_hangs_up(self, n: int, by: str) -> None:
        if call := self.some(Call.objects.exclude(state="ended"), n):
            services.hang_up(call.pk, by=by)

    @rule(n=any_row)
    def a_process_dies(self, n: int) -> None:
        if call := self.some(Call.objects.live(), n):
            services.process_lost(call.node, call.process)

    @rule(n=any_row)
    def an_agent_finishes_the_paperwork(self, n: int) -> None:
        if call := self.some(Call.objects.filter(state="wrap_up"), n):
            services.finish_wrap_up(call.pk, agent_id=call.agent_id)

    @rule(n=any_row, what=st.sampled_from(["available", "break", "offline"]))
    def an_agent_wishes(self, n: int, what: str) -> None:
        agent, me = self.agents[n % 4].pk, "agent:1"
        if what == "break":
            refusing(services.take_break, agent, cast.pause().pk, actor=me)
        else:
            (services.set_available if what == "available" else services.go_offline)(agent, actor=me)

    @rule(n=any_row, cause=st.sampled_from(["unregistered", "lost"]))
    def a_phone_goes(self, n: int, cause: str) -> None:
        if device := self.some(Device.objects.all(), n):
            services.device_gone(device.pk, cause=cause)

    @rule(n=any_row)
    def a_phone_comes(self, n: int) -> None:
        until = timezone.now() + timedelta(hours=1)
        services.device_appeared(self.agents[n % 4].pk, kind="sip", key=f"k{n % 2}", label="", lease_until=until)

    @rule(n=any_row, log_in=st.booleans())
    def an_agent_logs_in_or_out_of_a_queue(self, n: int, log_in: bool) -> None:
        membership = self.some(self.agents[n % 4].memberships, n)
        service = services.log_into_queue if log_in else services.log_out_of_queue
        service(membership.agent_id, membership.queue_id, actor="agent:1")

    @rule(n=any_row, m=any_row, what=st.sampled_from(["assign", "move", "priority"]))
    def a_supervisor_interferes(self, n: int, m: int, what: str) -> None:
        if not (call := self.some(Call.objects.live(), n)):
            return
        if what == "assign":
            refusing(services.force_assign, call.pk, self.agents[m % 4].pk, actor="user:1")
        elif what == "move":
            refusing(services.move_to_queue, call.pk, self.queues[m % 5].pk, actor="user:1")
        else:
            refusing(services.set_priority, call.pk, m % 11, actor="user:1")

    @rule(seconds=st.sampled_from([1, 25, 70]))
    def time_passes(self, seconds: int) -> None:
        """Everything that was to be in the future comes nearer."""
        back = timedelta(seconds=seconds)
        for offer in Offer.objects.open():
            Offer.objects.filter(pk=offer.pk).update(expires_at=offer.expires_at - back, opened_at=offer.opened_at - back)
        for call in Call.objects.filter(state="wrap_up"):
            Call.objects.filter(pk=call.pk).update(wrap_up_until=(call.wrap_up_until or timezone.now()) - back)
        for call in Call.objects.waiting():
            cast.age(call, seconds)
        services.sweep("test")
        assert invariants.broken() == []

    @invariant()
    def the_rows_add_up_and_no_pair_is_missed(self) -> None:
        """A tier opens by the clock alone: only the agent of the higher tier may be waiting for it to look."""
        later = f"agent {self.agents[3].pk} is free"
        assert [row for row in invariants.broken() if row.detail != later] == []


def test_nothing_that_happens_breaks_the_rows() -> None:
    quick = settings(
        max_examples=20, stateful_step_count=30, deadline=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(CallCenter, settings=quick)
