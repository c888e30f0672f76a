"""What an agent may ask for from the panel. Each function takes the arguments apart and calls one service."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agents.models import Agent
from callcenter.core import events
from callcenter.core.errors import NotAllowed, NotFound
from callcenter.core.intents import Arguments, BadRequest
from callcenter.core.websocket import Operation
from queues import services
from queues.models import Call, Command, Offer, VoicemailBox, VoicemailMessage
from queues.states import ACTIVE, DIALLING, WRAP_UP

from .later import may_promise, number_of

NOTES_LIMIT = 10_000
MESSAGE_NOTES_LIMIT = 2_000


class PanelIntents:
    """The operations of one agent's panel, by name."""

    def __init__(self, agent_id: int) -> None:
        self.agent_id = agent_id
        self.actor = f"agent:{agent_id}"

    def table(self) -> Mapping[str, Operation]:
        return {
            "available": self.available,
            "break": self.take_break,
            "offline": self.go_offline,
            "ready_when_registered": self.ready_when_registered,
            "log_in": self.log_in,
            "log_out": self.log_out,
            "reject": self.reject,
            "hang_up": self.hang_up,
            "save_wrap_up": self.save_wrap_up,
            "extend_wrap_up": self.extend_wrap_up,
            "finish_wrap_up": self.finish_wrap_up,
            "promise_callback": self.promise_callback,
            "reschedule_callback": self.reschedule_callback,
            "cancel_callback": self.cancel_callback,
            "mark_heard": self._on_message(services.mark_heard),
            "mark_new": self._on_message(services.mark_new),
            "archive_message": self._on_message(services.archive_message),
            "delete_message": self._on_message(services.delete_message),
            "restore_message": self._on_message(services.restore_message),
            "note_message": self.note_message,
        }

    def available(self, _: Arguments) -> None:
        services.set_available(self.agent_id, actor=self.actor)

    def take_break(self, args: Arguments) -> None:
        services.take_break(self.agent_id, args.integer("reason"), actor=self.actor)

    def go_offline(self, _: Arguments) -> None:
        services.go_offline(self.agent_id, actor=self.actor)

    def ready_when_registered(self, args: Arguments) -> None:
        wanted = args.flag("on")
        if Agent.objects.filter(pk=self.agent_id).exclude(ready_when_registered=wanted).update(ready_when_registered=wanted):
            fact = {"ready_when_registered": wanted}
            events.append("agent.preference_changed", subject=f"agent:{self.agent_id}", actor=self.actor, data=fact)

    def log_in(self, args: Arguments) -> None:
        services.log_into_queue(self.agent_id, args.integer("queue"), actor=self.actor)

    def log_out(self, args: Arguments) -> None:
        services.log_out_of_queue(self.agent_id, args.integer("queue"), actor=self.actor)

    def reject(self, args: Arguments) -> None:
        offer = Offer.objects.open().filter(pk=args.integer("offer"), agent=self.agent_id).first()
        if offer is None:
            raise NotFound("this call is no longer ringing for you")
        services.command(offer.call_id, Command.Kind.REJECT_OFFER, actor=self.actor, offer=offer.pk)

    def hang_up(self, args: Arguments) -> None:
        call = Call.objects.filter(pk=args.integer("call"), agent=self.agent_id, state__in=[DIALLING, ACTIVE]).first()
        if call is None:
            raise NotFound("you are no longer in this call")
        services.command(call.pk, Command.Kind.HANG_UP, actor=self.actor)

    def save_wrap_up(self, args: Arguments) -> None:
        result, notes = self._paperwork(args)
        services.save_wrap_up(args.integer("call"), agent_id=self.agent_id, disposition_id=result, notes=notes)

    def extend_wrap_up(self, args: Arguments) -> None:
        services.extend_wrap_up(args.integer("call"), agent_id=self.agent_id)

    def finish_wrap_up(self, args: Arguments) -> None:
        result, notes = self._paperwork(args)
        services.finish_wrap_up(args.integer("call"), agent_id=self.agent_id, disposition_id=result, notes=notes)

    def _paperwork(self, args: Arguments) -> tuple[int | None, str]:
        return args.optional_integer("disposition"), args.text("notes", limit=NOTES_LIMIT)

    # ---- callbacks --------------------------------------------------------------------------------------------------
    def promise_callback(self, args: Arguments) -> None:
        self._must_promise()
        call = Call.objects.filter(pk=args.integer("call"), agent=self.agent_id, state__in=[DIALLING, ACTIVE, WRAP_UP]).first()
        if call is None or call.queue_id is None:
            raise NotFound("you are no longer in this call")
        number = number_of(call)
        if not number:
            raise BadRequest("this caller sent no number that can be called; ask for one, and enter the callback in the administration")
        services.schedule_callback(call.queue_id, number, at=args.moment("at"), actor=self.actor, name=call.caller_name)

    def reschedule_callback(self, args: Arguments) -> None:
        self._must_promise()
        services.reschedule_callback(args.integer("callback"), at=args.moment("at"), actor=self.actor)

    def cancel_callback(self, args: Arguments) -> None:
        self._must_promise()
        services.cancel_callback(args.integer("callback"), actor=self.actor)

    def _must_promise(self) -> None:
        """Asked each time: a right may be taken away while the panel is open."""
        agent = Agent.objects.select_related("user").filter(pk=self.agent_id).first()
        if agent is None or not agent.user or not may_promise(agent.user):
            raise NotAllowed

    # ---- voicemail ------------------------------------------------------------------------------------------------
    def _on_message(self, service: Callable[..., None]) -> Operation:
        def run(args: Arguments) -> None:
            service(self._message(args), actor=self.actor)

        return run

    def note_message(self, args: Arguments) -> None:
        services.write_message_notes(self._message(args), args.text("notes", limit=MESSAGE_NOTES_LIMIT), actor=self.actor)

    def _message(self, args: Arguments) -> int:
        """One of a box of this agent; of others not even that they exist is told."""
        pk = args.integer("message")
        if not VoicemailMessage.objects.filter(pk=pk, box__in=VoicemailBox.objects.of_agent(self.agent_id).values("pk")).exists():
            raise NotFound("this message is not in your boxes")
        return pk
