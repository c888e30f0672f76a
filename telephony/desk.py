"""The records of one call, over the services of queues: carries out what its process wishes, in the clerk's process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from callcenter.core.errors import Refusal
from ivr import runs
from ivr.flow.steps.leaving import STUDIO
from ivr.models import FlowRun
from ivr.prompts import phone
from ivr.services import Route, route
from queues import requirements
from queues import services as acd
from queues.models import Call, Command, Offer, Queue, VoicemailBox
from queues.place import NOWHERE, Place
from queues.places import place_of
from queues.services.attempts import NO_LINE, NUMBER_REFUSED
from queues.states import DIALLING, LIVE, WAITING, OfferOutcome

from . import boxes, flows, lastwords, prompts, sounds, spool
from .addresses import edge_address
from .callbackdesk import CallbackDesk
from .models import OutboundCall
from .ports import CallerArrived
from .records import (
    Accepted,
    Announced,
    BoxOpened,
    BoxProfile,
    CustomerMayBeCalled,
    CustomerMayNotBeCalled,
    DeskFact,
    Farewell,
    FlowRunEnded,
    FlowVisited,
    LegRecord,
    Moved,
    Placed,
    Recording,
    Routed,
    Told,
    Unrouted,
)
from .services import legs, nodes, outbound, recordings
from .services.legs import wall
from .wishes import Wish

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that carries the call: name of its node, its own, and where it is."""

    node: str
    process: str
    pid: int
    sip_port: int


class RowDesk:
    """:param answer: takes each fact."""

    def __init__(self, owner: Owner, answer: Callable[[DeskFact], None]) -> None:
        self.owner = owner
        self.answer = answer
        self.heard: sounds.Heard | None = None
        """The queue that the call is in or was in last."""
        self._call: int | None = None
        self._route: Route | None = None
        self._caller: CallerArrived | None = None
        callbacks = CallbackDesk(self)
        self._methods: dict[str, Callable[..., None]] = {
            "route": self._find_route, "arrive": self._arrive,
            "ask": self._ask, "flow_begun": self._flow_begun, "flow_visited": self._flow_visited, "flow_ended": self._flow_ended,
            "enqueue": self._enqueue_from_flow, "put_through": self._put_through,
            "offer_rang": self._offer_rang, "offer_dialled": self._offer_dialled, "offer_failed": self._offer_failed,
            "accept": self._accept, "hold": self._hold, "resume": self._resume,
            "check_callback": callbacks.check, "callback_times": callbacks.times,
            "request_callback": callbacks.request, "note_callback": callbacks.note,
            "call_customer": self._call_customer, "customer_answered": self._customer_answered,
            "announce": self._announce, "moved": self._moved, "farewell": self._farewell,
            "open_box": self._open_box, "keep_message": self._keep_message, "drop_message": self._drop_message,
            "hang_up": self._hang_up, "settle": self._settle, "save_leg": self._save_leg,
        }  # fmt: skip

    def carry_out(self, wish: Wish, *, again: bool) -> None:
        """:raises Refusal: the rows do not allow it. :raises django.db.Error: the database is away."""
        self._methods[wish.name](**wish.args, again=again or wish.again)

    # ---- arrival ----------------------------------------------------------------------------------------------
    def _find_route(self, caller: CallerArrived, *, again: bool) -> None:
        """Where the number leads, told at once: the caller hears something before there is a row."""
        self._caller, self._route = caller, route(caller.dialled, source=caller.source)
        if self._route is None:
            self.answer(Unrouted(404, "unknown number"))
            return
        self.heard = sounds.of(self._route.queue_id)
        version = self._route.flow_version_id
        profile = sounds.profile(self.heard, self.owner.process)
        self.answer(Routed(profile, flows.start_of(version, caller) if version else None))

    def _arrive(self, caller: CallerArrived, *, again: bool) -> None:
        try:
            found = self._route or route(caller.dialled, source=caller.source)
            self._record(caller)
            if found is None:
                acd.reject(self.call_id, reason="unknown number")
            elif found.flow_version_id:
                self._start_flow(found.flow_version_id)
            else:
                self._enqueue(found, again)
        except Refusal as refusal:
            self.answer(Farewell((), refusal.code))
            raise

    @transaction.atomic
    def _record(self, caller: CallerArrived) -> None:
        """The process and its call: one commit, so that no call is ever without an owner."""
        owner = self.owner
        nodes.process_claimed(owner.node, name=owner.process, pid=owner.pid, sip_port=owner.sip_port)
        arrived = acd.arrive(
            node=owner.node,
            process=owner.process,
            sip_call_id=caller.sip_call_id,
            caller_number=caller.caller_number,
            caller_name=caller.caller_name,
            dialled=caller.dialled,
        )
        self._call = arrived.pk
        structlog.contextvars.bind_contextvars(call=self._call)

    def _enqueue(self, found: Route, again: bool) -> None:
        if again and Call.objects.filter(pk=self.call_id, state__in=WAITING).exists():
            self.answer(self._sounds_now())  # it was done; only the answer got lost
            return
        placement = acd.enqueue(self.call_id, found.queue_id, priority=found.priority, wanted_agent_id=found.wanted_agent_id)
        if self.heard is None or self.heard.queue.pk != placement.queue_id:
            self.heard = sounds.of(placement.queue_id)
        if not placement.queued:
            self.answer(self._last_words(placement.way_out, placement.queue_id, placement.reason))
        elif placement.queue_id != found.queue_id:
            self.answer(self._sounds_now())
        else:
            prompts = () if placement.direct else sounds.on_entry(self.heard, placement.place)
            self.answer(Placed(prompts, placement.direct))

    # ---- a flow leads the caller --------------------------------------------------------------------------------
    @transaction.atomic
    def _start_flow(self, version: int) -> None:
        acd.start_flow(self.call_id, flows.title_of(version))
        runs.begin(self.call_id, version, timezone.now())

    def _ask(self, number: int, what: str, data: dict[str, Any], *, again: bool) -> None:
        assert self._caller
        if what == "external":
            self.answer(Told(number, self._leave_for(data)))
        else:
            flows.ask(what, data, self._caller, lambda answer: self.answer(Told(number, answer)))

    def _leave_for(self, data: dict[str, Any]) -> dict[str, Any] | None:
        """Leave to call the number that a flow puts the caller through to; None if no trunk may carry it."""
        outbound.ended(self.call_id)  # what was asked for before, and came to nothing
        try:
            permit = outbound.permit(self.call_id, outbound.number_of(data["number"]), purpose=OutboundCall.Purpose.TRANSFER)
        except Refusal as refusal:
            log.info("a flow cannot put a caller through", why=refusal.code)
            return None
        return {"uri": permit.uri(edge_address()), "ringing": str(prompts.ringing_tone())}

    def _put_through(self, *, again: bool) -> None:
        acd.put_through(self.call_id)

    def _flow_begun(self, version: int, at: float, *, again: bool) -> None:
        runs.ended(self.call_id, FlowRun.Outcome.COMPLETED, wall(at), led_to="flow")
        runs.begin(self.call_id, version, wall(at))

    def _flow_visited(self, visit: FlowVisited, *, again: bool) -> None:
        if self._known():
            left = None if visit.left is None else wall(visit.left)
            runs.visited(
                self.call_id, number=visit.number, step=visit.step, kind=visit.kind, exit_name=visit.exit, note=visit.note,
                entered=wall(visit.entered), left=left,
            )  # fmt: skip

    def _flow_ended(self, ended: FlowRunEnded, *, again: bool) -> None:
        if self._known():
            runs.ended(
                self.call_id, ended.outcome, wall(ended.at), led_to=ended.led_to[:12], target=ended.target[:60],
                last_step=ended.last_step[:40], language=ended.language[:12], variables=ended.variables,
            )  # fmt: skip

    def _enqueue_from_flow(self, target: dict[str, Any], *, again: bool) -> None:
        if again and Call.objects.filter(pk=self.call_id, state__in=WAITING).exists():
            self.answer(self._sounds_now())
            return
        assert self._route
        queue_id, wanted = flows.place_of(target, self._route.queue_id)
        priority = max(self._route.priority, int(target["priority"]))
        asks: dict[str, Any] = {"wanted_agent_id": wanted, "skills": requirements.named(target["skills"]), "collected": target["collected"]}
        placement = acd.enqueue(self.call_id, queue_id, priority=priority, **asks)
        self.heard = sounds.of(placement.queue_id)
        if placement.queued:
            self.answer(self._sounds_now())
        else:
            self.answer(self._last_words(placement.way_out, placement.queue_id, placement.reason))

    # ---- while waiting ----------------------------------------------------------------------------------------
    def _announce(self, numbers: tuple[int, ...], *, again: bool) -> None:
        self.answer(Announced(sounds.announced(self.heard_now(), numbers, self._place())))

    def _moved(self, *, again: bool) -> None:
        self.answer(self._sounds_now())

    def _farewell(self, *, again: bool) -> None:
        way = Call.objects.values_list("way_out", flat=True).get(pk=self.call_id)
        self.answer(self._last_words(way, self.heard_now().queue.pk, "fallback"))

    def _last_words(self, way: int | None, queue_id: int, reason: str) -> DeskFact:
        """A voicemail box, if the way leads to one. A queue that is closed may have words of its own for hanging up, an agent too."""
        box = acd.box_of_way_out(self.call_id)
        if box:
            return BoxOpened(self._profile(box))
        assert self.heard
        instead = acd.closed_words(self.call_id, queue_id) or acd.words_of_agent(self.call_id)
        return lastwords.answer(way, self.heard.queue.language, reason, instead=instead)

    def _profile(self, box: VoicemailBox) -> BoxProfile:
        return boxes.profile(box, spool.recordings(self.owner.node, self.owner.process, box.pk))

    def _sounds_now(self) -> Moved:
        heard = self.heard_now()
        return Moved(sounds.profile(heard, self.owner.process), sounds.on_entry(heard, self._place()))

    def heard_now(self) -> sounds.Heard:
        """As the queue is set up in this moment."""
        queue = Call.objects.values_list("queue", flat=True).get(pk=self.call_id) or (self.heard.queue.pk if self.heard else None)
        if queue is None:
            raise Queue.DoesNotExist("The call was never in a queue.")
        self.heard = sounds.of(queue)
        return self.heard

    def _place(self) -> Place:
        """In line; nowhere if the call waits no more."""
        own = Call.objects.filter(pk=self.call_id, state__in=WAITING).first()
        return place_of(own) if own else NOWHERE

    # ---- offers -----------------------------------------------------------------------------------------------
    def _offer_rang(self, offer: int, *, again: bool) -> None:
        acd.offer_rang(offer)

    def _offer_dialled(self, offer: int, *, again: bool) -> None:
        acd.offer_dialled(offer)

    def _accept(self, offer: int, *, again: bool) -> None:
        won = acd.accept(offer) or (again and Offer.objects.filter(pk=offer, outcome=OfferOutcome.ACCEPTED).exists())
        live = won or Call.objects.filter(pk=self.call_id, state__in=LIVE).exists()
        self.answer(Accepted(offer, won, live))

    def _offer_failed(self, offer: int, outcome: str, status: int | None, *, again: bool) -> None:
        acd.offer_failed(offer, OfferOutcome(outcome), sip_status=status)

    # ---- calling back -------------------------------------------------------------------------------------------
    def _call_customer(self, *, again: bool) -> None:
        """The number is the row's: a call process can ask for no other."""
        number, state = Call.objects.values_list("callback__number", "state").get(pk=self.call_id)
        if state != DIALLING or not number:
            self.answer(CustomerMayNotBeCalled("over"))
            return
        outbound.ended(self.call_id)  # what a clerk before us was asked for, and the process never heard of
        try:
            permit = outbound.permit(self.call_id, number, purpose=OutboundCall.Purpose.CALLBACK)
        except (outbound.TrunkFull, outbound.TrunkQuotaUsed):
            self.answer(CustomerMayNotBeCalled(NO_LINE))
        except outbound.OutboundRefused:
            self.answer(CustomerMayNotBeCalled(NUMBER_REFUSED))
        else:
            self.answer(CustomerMayBeCalled(permit.uri(edge_address())))

    def _customer_answered(self, *, again: bool) -> None:
        acd.customer_answered(self.call_id)

    # ---- voicemail --------------------------------------------------------------------------------------------
    def _open_box(self, box: str, *, again: bool) -> None:
        if box.startswith(STUDIO):
            self.answer(BoxOpened(self._studio(box.removeprefix(STUDIO))))
            return
        found = VoicemailBox.objects.filter(slug=box, active=True).first()
        self.answer(BoxOpened(self._profile(found) if found else None))

    def _studio(self, code: str) -> BoxProfile | None:
        """A prompt is recorded by who has its code."""
        try:
            found = phone.find_recording(code)
        except Refusal as refusal:
            log.info("no prompt is recorded", why=refusal.code)
            return None
        return boxes.studio(found, spool.recordings(self.owner.node, self.owner.process, boxes.STUDIO + found.pk))

    def _keep_message(self, recording: Recording, *, again: bool) -> None:
        path = spool.path_of(self.owner.node, self.owner.process, recording.name)
        if recording.box >= boxes.STUDIO:
            recordings.keep_prompt(path, recording.box - boxes.STUDIO, seconds=recording.seconds)
            return
        call = self._call if self._known() else None
        recordings.keep(self.owner.node, path, box=recording.box, call=call, seconds=recording.seconds, ended_by=recording.ended_by)

    def _drop_message(self, recorded: str, *, again: bool) -> None:
        spool.path_of(self.owner.node, self.owner.process, recorded).unlink(missing_ok=True)

    # ---- the talk and its end -----------------------------------------------------------------------------------
    def _hold(self, *, again: bool) -> None:
        acd.hold(self.call_id)

    def _resume(self, *, again: bool) -> None:
        acd.resume(self.call_id)

    def _hang_up(self, by: str, reason: str, *, again: bool) -> None:
        if self._known():
            acd.hang_up(self.call_id, by=by, reason=reason)

    def _settle(self, command: int, done: bool, reason: str, *, again: bool) -> None:
        if Command.objects.filter(pk=command, status=Command.Status.REQUESTED).exists():
            acd.settle_command(command, done, reason)

    def _save_leg(self, leg: LegRecord, *, again: bool) -> None:
        if self._known():
            legs.save(self.call_id, leg)

    # ---- which call ---------------------------------------------------------------------------------------------
    @property
    def call_id(self) -> int:
        if not self._known():
            raise Call.DoesNotExist("The call was never recorded.")
        assert self._call is not None
        return self._call

    def _known(self) -> bool:
        """A clerk who took over from a dead one finds the call in the rows: a process carries one in its life."""
        if self._call is None:
            mine: Any = Call.objects.filter(node=self.owner.node, process=self.owner.process)
            self._call = mine.order_by("-pk").values_list("pk", flat=True).first()
        return self._call is not None
