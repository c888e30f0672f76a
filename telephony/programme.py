"""When which announcement is due to one waiting caller. No Django, no SIP, no clock of its own."""

from __future__ import annotations

from .records import Scheduled


class Programme:
    """The announcements of a queue, since the caller joined it."""

    def __init__(self) -> None:
        self._announcements: tuple[Scheduled, ...] = ()
        self._due: dict[int, float] = {}
        self._since = 0.0
        self._comforted: dict[int, float] = {}

    def begin(self, announcements: tuple[Scheduled, ...], now: float) -> None:
        """The caller waits in this queue from now on."""
        self._announcements, self._since = announcements, now
        self._due = {one.number: now + one.first_after for one in announcements if not one.after_offer}

    @property
    def deadline(self) -> float | None:
        return min(self._due.values(), default=None)

    def take(self, now: float) -> tuple[int, ...]:
        """What is due, in the order of the queue. What comes again keeps its rhythm; times that passed unheard are left out."""
        taken = tuple(one.number for one in self._announcements if self._due.get(one.number, now + 1) <= now)
        for one in self._announcements:
            if one.number in taken:
                self._plan_next(one, now)
        return taken

    def after_offer(self, now: float) -> tuple[int, ...]:
        """What is due to a caller who is back in line because an agent did not take the call."""
        taken = tuple(one.number for one in self._announcements if one.after_offer and self._may_comfort(one, now))
        self._comforted |= dict.fromkeys(taken, now)
        return taken

    def _plan_next(self, one: Scheduled, now: float) -> None:
        due = self._due.pop(one.number)
        if one.every > 0:
            missed = int((now - due) // one.every)
            self._due[one.number] = due + one.every * (missed + 1)

    def _may_comfort(self, one: Scheduled, now: float) -> bool:
        last = self._comforted.get(one.number)
        return now >= self._since + one.first_after and (last is None or now >= last + one.every)
