"""Asking to be called back, on the side of the records: which number, when, and what the caller hears of it. In the clerk's process."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from django.utils import timezone

from callcenter.core.errors import Refusal
from queues import chosentimes
from queues import services as acd
from queues.callbackstates import SCHEDULED
from queues.callbackwindows import Page
from queues.models import Call, Callback, Queue
from queues.refusals import OutsideCallbackHours, WindowFull

from . import sounds
from .records import CallbackChecked, CallbackDenied, CallbackNoted, CallbackTimes, CallbackWhen, Farewell
from .services import outbound

if TYPE_CHECKING:
    from .desk import RowDesk

log = structlog.get_logger(__name__)


class CallbackDesk:
    """The wishes of one call that have to do with being called back."""

    def __init__(self, desk: RowDesk) -> None:
        self.desk = desk

    def check(self, number: str, *, again: bool) -> None:
        """Whether it is a number of the world that a trunk may call; the limits are looked at when it is called."""
        written = number or Call.objects.values_list("caller_number", flat=True).get(pk=self.desk.call_id)
        try:
            found = _callable(written)
        except Refusal as refusal:
            log.info("callback not possible", why=refusal.code)
            self.desk.answer(CallbackChecked(""))
            return
        self.desk.answer(CallbackChecked(found, sounds.read_back(found, self.desk.heard_now().queue.language)))

    def times(self, since: str, wanted: dict[str, Any], *, again: bool) -> None:
        """What is free from this moment on; where there is nothing to choose in any more, nothing is."""
        queue, language = self._where(wanted)
        page = chosentimes.page(queue, timezone.now(), _moment(since)) if queue else Page()
        self.desk.answer(_read_out(queue, page, language) if queue else CallbackTimes())

    # ---- in a queue -------------------------------------------------------------------------------------------------
    def request(self, number: str, at: str, *, again: bool) -> None:
        done = Callback.objects.filter(origin=self.desk.call_id).first() if again else None  # only the answer got lost
        try:
            name = self._caller_name()
            owed = done or acd.request_callback(self.desk.call_id, outbound.number_of(number), name=name, at=_moment(at))
        except (OutsideCallbackHours, WindowFull):
            self._taken({})
        except Refusal as refusal:
            log.info("callback denied", why=refusal.code)
            self.desk.answer(CallbackDenied())
        else:
            language = self.desk.heard_now().queue.language
            self.desk.answer(Farewell(_agreed(owed, language) or sounds.promise(language), "callback"))

    # ---- in a flow --------------------------------------------------------------------------------------------------
    def note(self, wanted: dict[str, Any], *, again: bool) -> None:
        queue, language = self._where(wanted)
        try:
            number = _callable(str(wanted["number"]))
            if queue and queue.callback_choose_time and not wanted.get("decided"):
                self.desk.answer(CallbackWhen(sounds.when(language), sounds.invalid(language)))
                return
            owed = self._note(queue, number, wanted) if queue else None
        except (OutsideCallbackHours, WindowFull):
            self._taken(wanted)
        except Refusal as refusal:
            log.info("callback not possible", why=refusal.code)
            self.desk.answer(CallbackNoted(False))
        else:
            self.desk.answer(CallbackNoted(owed is not None, _agreed(owed, language) if owed else ()))

    def _note(self, queue: Queue, number: str, wanted: dict[str, Any]) -> Callback:
        facts: dict[str, Any] = {"priority": int(wanted["priority"]), "name": self._caller_name(), "at": _moment(wanted.get("at", ""))}
        return acd.note_callback(self.desk.call_id, queue.pk, number, **facts)

    # ---- in both ----------------------------------------------------------------------------------------------------
    def _taken(self, wanted: dict[str, Any]) -> None:
        """Others were faster: what is free now."""
        queue, language = self._where(wanted)
        if queue is None:
            self.desk.answer(CallbackTimes())
            return
        self.desk.answer(_read_out(queue, chosentimes.page(queue, timezone.now()), language, first=sounds.taken(language)))

    def _where(self, wanted: dict[str, Any]) -> tuple[Queue | None, str]:
        """The queue whose agents call back, and the language that the caller hears: the flow's, or that of the queue."""
        if wanted:
            queue = Queue.objects.filter(slug=wanted["queue"]).first()
        else:
            queue = Queue.objects.filter(pk=self.desk.heard_now().queue.pk).first()
        return queue, str(wanted.get("language") or (queue.language if queue else ""))

    def _caller_name(self) -> str:
        return Call.objects.values_list("caller_name", flat=True).get(pk=self.desk.call_id)


def _callable(written: str) -> str:
    """:raises Refusal: it is no number, or no trunk may call it."""
    number = outbound.number_of(written)
    outbound.ways(number)
    return number


def _moment(written: str) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


def _read_out(queue: Queue, page: Page, language: str, *, first: tuple[str, ...] = ()) -> CallbackTimes:
    return CallbackTimes(
        (*first, *sounds.times(page, chosentimes.zone(queue), language)),
        tuple(window.starts.isoformat() for window in page.windows),
        page.later.isoformat() if page.later else "",
        page.other_day.isoformat() if page.other_day else "",
    )


def _agreed(owed: Callback, language: str) -> tuple[str, ...]:
    """Says the window that was promised; nothing if it is as soon as possible. By the row: who was in line already stays there."""
    if owed.state != SCHEDULED or owed.window_from is None or owed.window_until is None:
        return ()
    return sounds.agreed(owed.window_from, owed.window_until, chosentimes.zone(owed.queue), language)
