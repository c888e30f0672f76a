"""The open legs of one call, and what the records should know of each. No Django, no SIP."""

from __future__ import annotations

from .ports import CALLER, LegId, Phone
from .records import Desk, LegRecord


class LegBook:
    def __init__(self, phone: Phone, desk: Desk) -> None:
        self.phone = phone
        self.desk = desk
        self.open: dict[LegId, LegRecord] = {}
        self._made = 0

    def caller_began(self, sip_call_id: str, now: float) -> None:
        self.open[CALLER] = LegRecord(0, "caller", now, sip_call_id=sip_call_id)

    def agent_began(self, leg: LegId, *, agent: int, offer: int, now: float) -> None:
        self._made += 1
        self.open[leg] = LegRecord(self._made, "agent", now, agent=agent, offer=offer)

    def outside_began(self, leg: LegId, now: float) -> None:
        self._made += 1
        self.open[leg] = LegRecord(self._made, "outside", now)

    def answered(self, leg: LegId, now: float) -> LegRecord | None:
        """The record, with its dialog; None for a leg that is over already. Saving can wait until audio flows."""
        record = self.open.get(leg)
        if record:
            record.answered = now
            record.dialog = self.phone.dialog(leg)
        return record

    def ended(self, leg: LegId, status: int, now: float) -> bool:
        """Write the leg's end. False if it was over already."""
        record = self.open.pop(leg, None)
        if record is None:
            return False
        record.ended, record.status, record.quality = now, status, self.phone.quality(leg)
        self.desk.save_leg(record)
        return True

    def hang_up(self, leg: LegId) -> None:
        """Once, however many reasons there are."""
        record = self.open.get(leg)
        if record and not record.cancelled:
            record.cancelled = True
            self.phone.hang_up(leg)

    def refuse_caller(self, status: int) -> None:
        record = self.open.get(CALLER)
        if record and not record.cancelled:
            record.cancelled = True
            self.phone.refuse(CALLER, status)

    def hang_up_all(self) -> None:
        for leg in sorted(self.open):
            self.hang_up(leg)

    def forget_all(self, now: float) -> None:
        """The peers do not confirm their BYEs: they are gone."""
        for leg in list(self.open):
            self.ended(leg, 408, now)
