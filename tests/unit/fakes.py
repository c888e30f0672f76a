"""A phone and a desk that only remember, for tests of the conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from telephony.ports import CALLER, CallerArrived, DialogData, LegId, Quality, Target
from telephony.records import FlowRunEnded, FlowVisited, LegRecord, Recording


@dataclass
class FakeLeg:
    uri: str
    state: str = "ringing"
    """ringing, answered, cancelling or closing (by us; the peer has not confirmed), ended"""
    hears: str = ""
    """music, prompt, the number of a leg, or nothing."""
    ringback: bool = False
    headers: dict[str, str] | None = None
    invite: int = 0
    """Legs that were dialled together have the same."""


class FakePhone:
    """Three INVITEs besides the caller's. Complains of everything that a real phone could not do."""

    most = 64
    """Phones that one INVITE may ring."""
    lines_outside = 3

    def __init__(self) -> None:
        self.legs: dict[LegId, FakeLeg] = {}
        self.prompts: list[list[str]] = []
        self.refused: int | None = None
        self.early_media = False
        self.unreadable = ""
        """A file that can be neither played nor written."""
        self.recording = self.closing = ""
        self.silence_seconds = 0.0
        self._next = 1

    def caller_calls(self) -> None:
        self.legs[CALLER] = FakeLeg("caller")

    @property
    def open_legs(self) -> set[LegId]:
        return {leg for leg, there in self.legs.items() if there.state != "ended"}

    def progress(self, leg: LegId, *, early_media: bool) -> None:
        assert leg == CALLER
        assert self.legs[leg].state == "ringing", "18x after a final answer"
        self.legs[leg].ringback = not early_media
        self.early_media = self.early_media or early_media

    def answer(self, leg: LegId) -> None:
        assert leg == CALLER
        assert self.legs[leg].state in ("ringing", "ended"), "answered twice"
        if self.legs[leg].state == "ringing":
            self.legs[leg].state = "answering"

    def refuse(self, leg: LegId, status: int) -> None:
        assert leg == CALLER
        assert self.legs[leg].state in ("ringing", "ended"), "refused after an answer"
        if self.legs[leg].state == "ringing":
            self.legs[leg].state = "closing"
            self.refused = status

    def dial(self, targets: Sequence[Target], *, caller_number: str, caller_name: str, headers: dict[str, str]) -> list[LegId]:
        dialled: list[LegId] = []
        for start in range(0, len(targets), self.most):
            if len({self.legs[leg].invite for leg in self.open_legs - {CALLER}}) >= 3:
                break
            invite = self._next
            for target in targets[start : start + self.most]:
                self.legs[self._next] = FakeLeg(target.uri, headers=headers, invite=invite)
                dialled.append(self._next)
                self._next += 1
        return dialled

    def dialled_with(self, leg: LegId) -> list[LegId]:
        """The others that stop ringing when it is answered."""
        return [other for other in sorted(self.open_legs - {CALLER, leg}) if self.legs[other].invite == self.legs[leg].invite]

    def call_outside(self, uri: str, *, leg: LegId | None = None) -> LegId | None:
        lines = len({self.legs[leg].invite for leg in self.open_legs - {CALLER}})
        if lines >= self.lines_outside or (leg == CALLER and CALLER in self.open_legs):
            return None
        if leg is None:
            leg, self._next = self._next, self._next + 1
        self.legs[leg] = FakeLeg(uri, invite=-1)
        return leg

    def hang_up(self, leg: LegId) -> None:
        there = self.legs[leg]
        if there.state != "ended":
            there.state = "cancelling" if there.state == "ringing" else "closing"
        there.hears = ""

    def bridge(self, one: LegId, other: LegId) -> None:
        self.legs[one].hears, self.legs[other].hears = str(other), str(one)

    def unbridge(self, one: LegId, other: LegId) -> None:
        for leg, partner in ((one, other), (other, one)):
            if self.legs[leg].hears == str(partner):
                self.legs[leg].hears = ""

    def listen(self, leg: LegId, to: LegId) -> None:
        self.legs[leg].hears = str(to)

    def play_music(self, leg: LegId, paths: tuple[str, ...]) -> None:
        if paths[0] == self.unreadable:
            raise OSError(paths[0])
        self.legs[leg].hears = paths[0]

    def play_prompt(self, leg: LegId, paths: list[str]) -> None:
        if self.unreadable in paths:
            raise OSError(self.unreadable)
        self.prompts.append(paths)

    def stop_playing(self, leg: LegId) -> None:
        self.legs[leg].hears = ""

    def record(self, leg: LegId, path: str, *, silence_seconds: float) -> None:
        assert self.legs[leg].state == "answered", "recorded before the answer"
        assert not self.recording, "recorded twice at once"
        if path == self.unreadable:
            raise OSError(path)
        self.recording, self.silence_seconds = path, silence_seconds

    def stop_recording(self, leg: LegId) -> None:
        if self.recording:
            self.closing, self.recording = self.recording, ""

    def quality(self, leg: LegId) -> Quality:
        return Quality(codec="PCMA")

    def dialog(self, leg: LegId) -> DialogData | None:
        return DialogData(f"call-id-{leg}", "sip:us", "a", "sip:them", "b", "sip:them", (), 1)


class FakeDesk:
    """Remembers each wish as a tuple; `on_wish` may act on it."""

    def __init__(self, on_wish: Callable[[tuple[Any, ...]], None] | None = None) -> None:
        self.wishes: list[tuple[Any, ...]] = []
        self.saved: dict[int, LegRecord] = {}
        self.on_wish = on_wish

    def _wish(self, *wish: Any) -> None:
        self.wishes.append(wish)
        if self.on_wish:
            self.on_wish(wish)

    def named(self, name: str) -> list[tuple[Any, ...]]:
        return [wish[1:] for wish in self.wishes if wish[0] == name]

    def arrive(self, caller: CallerArrived) -> None:
        self._wish("arrive")

    def ask(self, number: int, what: str, data: dict[str, Any]) -> None:
        self._wish("ask", number, what, data)

    def flow_begun(self, version: int, at: float) -> None:
        self._wish("flow_begun", version)

    def flow_visited(self, visit: FlowVisited) -> None:
        self._wish("flow_visited", replace(visit))

    def flow_ended(self, ended: FlowRunEnded) -> None:
        self._wish("flow_ended", ended)

    def enqueue(self, target: dict[str, Any]) -> None:
        self._wish("enqueue", target)

    def put_through(self) -> None:
        self._wish("put_through")

    def offer_rang(self, offer: int) -> None:
        self._wish("offer_rang", offer)

    def offer_dialled(self, offer: int) -> None:
        self._wish("offer_dialled", offer)

    def accept(self, offer: int) -> None:
        self._wish("accept", offer)

    def offer_failed(self, offer: int, outcome: str, status: int | None) -> None:
        self._wish("offer_failed", offer, outcome, status)

    def hold(self) -> None:
        self._wish("hold")

    def resume(self) -> None:
        self._wish("resume")

    def announce(self, numbers: tuple[int, ...]) -> None:
        self._wish("announce", numbers)

    def moved(self) -> None:
        self._wish("moved")

    def farewell(self) -> None:
        self._wish("farewell")

    def check_callback(self, number: str) -> None:
        self._wish("check_callback", number)

    def note_callback(self, wanted: dict[str, Any]) -> None:
        self._wish("note_callback", wanted)

    def callback_times(self, since: str, wanted: dict[str, Any]) -> None:
        self._wish("callback_times", since)

    def request_callback(self, number: str, at: str = "") -> None:
        self._wish("request_callback", number, *([at] if at else []))

    def call_customer(self) -> None:
        self._wish("call_customer")

    def customer_answered(self) -> None:
        self._wish("customer_answered")

    def open_box(self, box: str) -> None:
        self._wish("open_box", box)

    def keep_message(self, recording: Recording) -> None:
        self._wish("keep_message", recording)

    def drop_message(self, recorded: str) -> None:
        self._wish("drop_message", recorded)

    def hang_up(self, by: str, reason: str) -> None:
        self._wish("hang_up", by, reason)

    def settle(self, command: int, done: bool, reason: str = "") -> None:
        self._wish("settle", command, done, reason)

    def save_leg(self, leg: LegRecord) -> None:
        self.saved[leg.number] = replace(leg)
