"""The records of one call, over the services of queues: wishes go through the outbox, answers come as facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog

from callcenter.core.errors import Refusal
from ivr.services import Route, route
from queues import services as acd
from queues.models import Call, Command, Offer, Queue
from queues.states import LIVE, WAITING, OfferOutcome

from . import sounds
from .outbox import Outbox
from .ports import CallerArrived
from .records import Accepted, Comfort, DeskFact, Farewell, LegRecord, Moved, Placed, Routed, Unrouted
from .services import legs

log = structlog.get_logger(__name__)


class RowDesk:
    """`records.Desk` in rows.

    :param node: name of the node, and `process` of this call process: the call's owner.
    :param answer: takes each fact; called from the outbox's thread.
    :param leg_changed: told of each leg before its row is written, for those who must know even while the database is away.
    """

    def __init__(
        self, *, node: str, process: str, answer: Callable[[DeskFact], None], leg_changed: Callable[[LegRecord], None], outbox: Outbox
    ) -> None:
        self.node = node
        self.process = process
        self.answer = answer
        self.leg_changed = leg_changed
        self.outbox = outbox
        self.call: int | None = None
        self.queue: Queue | None = None

    # ---- arrival ----------------------------------------------------------------------------------------------
    def arrive(self, caller: CallerArrived) -> None:
        self.outbox.put("arrive", lambda again: self._arrive_or_turn_away(caller, again))

    def _arrive_or_turn_away(self, caller: CallerArrived, again: bool) -> None:
        try:
            self._arrive(caller, again)
        except Refusal as refusal:
            self.answer(Farewell((), refusal.code))
            raise

    def _arrive(self, caller: CallerArrived, again: bool) -> None:
        found = route(caller.dialled, source=caller.source)
        if found is None:
            self._record(caller)
            self.answer(Unrouted(404, "unknown number"))
            acd.reject(self._id, reason="unknown number")
            return
        self.queue = Queue.objects.get(pk=found.queue_id)
        self.answer(Routed(sounds.profile(self.queue)))
        self._record(caller)
        self._enqueue(found, again)

    def _record(self, caller: CallerArrived) -> None:
        arrived = acd.arrive(
            node=self.node,
            process=self.process,
            sip_call_id=caller.sip_call_id,
            caller_number=caller.caller_number,
            caller_name=caller.caller_name,
            dialled=caller.dialled,
        )
        self.call = arrived.pk
        structlog.contextvars.bind_contextvars(call=self.call)

    def _enqueue(self, found: Route, again: bool) -> None:
        if again and Call.objects.filter(pk=self._id, state__in=WAITING).exists():
            self.answer(self._moved())  # it was done; only the answer got lost
            return
        placement = acd.enqueue(self._id, found.queue_id, priority=found.priority, wanted_agent_id=found.wanted_agent_id)
        self.queue = Queue.objects.get(pk=placement.queue_id)
        if not placement.queued:
            self.answer(Farewell(sounds.farewell(self.queue), placement.reason))
        elif placement.queue_id != found.queue_id:
            self.answer(self._moved())
        else:
            prompts = () if placement.direct else sounds.greeting(self.queue, placement.position)
            self.answer(Placed(prompts, placement.direct))

    # ---- while waiting ----------------------------------------------------------------------------------------
    def comfort(self) -> None:
        self.outbox.put("comfort", lambda _: self.answer(Comfort(sounds.comfort(self._queue_now(), self._position()))))

    def moved(self) -> None:
        self.outbox.put("moved", lambda _: self.answer(self._moved()))

    def farewell(self) -> None:
        self.outbox.put("farewell", lambda _: self.answer(Farewell(sounds.farewell(self._queue_now()), "fallback")))

    def _moved(self) -> Moved:
        now_in = self._queue_now()
        return Moved(sounds.profile(now_in), sounds.greeting(now_in, self._position()))

    def _queue_now(self) -> Queue:
        queue = Call.objects.select_related("queue").get(pk=self._id).queue or self.queue
        assert queue is not None
        self.queue = queue
        return queue

    def _position(self) -> int:
        """The place in line, 1 for the next; 0 if it waits no more."""
        own = Call.objects.filter(pk=self._id, state__in=WAITING).first()
        if own is None or own.order_key is None:
            return 0
        ahead = Call.objects.waiting().filter(queue=own.queue_id, order_key__lt=own.order_key)
        return ahead.count() + 1

    # ---- offers -----------------------------------------------------------------------------------------------
    def offer_rang(self, offer: int) -> None:
        self.outbox.put("offer_rang", lambda _: acd.offer_rang(offer))

    def accept(self, offer: int) -> None:
        self.outbox.put("accept", lambda again: self._accept(offer, again))

    def _accept(self, offer: int, again: bool) -> None:
        won = acd.accept(offer) or (again and Offer.objects.filter(pk=offer, outcome=OfferOutcome.ACCEPTED).exists())
        live = won or Call.objects.filter(pk=self._id, state__in=LIVE).exists()
        self.answer(Accepted(offer, won, live))

    def offer_failed(self, offer: int, outcome: str, status: int | None) -> None:
        self.outbox.put("offer_failed", lambda _: acd.offer_failed(offer, OfferOutcome(outcome), sip_status=status))

    # ---- the talk and its end -----------------------------------------------------------------------------------
    def hold(self) -> None:
        self.outbox.put("hold", lambda _: acd.hold(self._id))

    def resume(self) -> None:
        self.outbox.put("resume", lambda _: acd.resume(self._id))

    def hang_up(self, by: str, reason: str) -> None:
        self.outbox.put("hang_up", lambda _: self._hang_up(by, reason))

    def _hang_up(self, by: str, reason: str) -> None:
        if self.call is not None:
            acd.hang_up(self.call, by=by, reason=reason)

    def settle(self, command: int, done: bool, reason: str = "") -> None:
        self.outbox.put("settle", lambda _: self._settle(command, done, reason))

    def _settle(self, command: int, done: bool, reason: str) -> None:
        if Command.objects.filter(pk=command, status=Command.Status.REQUESTED).exists():
            acd.settle_command(command, done, reason)

    def save_leg(self, leg: LegRecord) -> None:
        self.leg_changed(leg)
        leg = replace(leg)  # as it is now: it may change before it is written
        self.outbox.put("save_leg", lambda _: self._save_leg(leg))

    def _save_leg(self, leg: LegRecord) -> None:
        if self.call is not None:
            legs.save(self.call, leg)

    @property
    def _id(self) -> int:
        if self.call is None:
            raise Call.DoesNotExist("The call was never recorded.")
        return self.call
