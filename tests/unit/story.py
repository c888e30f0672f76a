"""A call's story without SIP and without a database: a conversation with its fakes, and words for what happens to it."""

from __future__ import annotations

from typing import Any

from ivr.flow import document as flow_document
from ivr.flow.sounds import statics_of
from ivr.flow.words import Sound
from telephony import ports, records
from telephony.conversation import Conversation
from telephony.ports import CALLER, LegId
from tests.unit.fakes import FakeDesk, FakePhone


def statics(document: dict[str, Any]) -> set[Sound]:
    return statics_of(flow_document.read(document))


ARRIVED = ports.CallerArrived("call-id", "12345", "Ann", "support", "public")


class Story:
    """A conversation with its fakes, and words for what happens to it."""

    def __init__(self, mode: str = "answer", **profile: Any) -> None:
        self.phone = FakePhone()
        self.desk = FakeDesk()
        self.profile = records.QueueProfile(mode, ("music.wav",), **profile)
        self.call = Conversation(self.phone, self.desk)
        self.time = 100.0

    def hear(self, *facts: records.StoryFact) -> None:
        for fact in facts:
            self.call.hear(fact, self.time)
        self.call.tick(self.time)

    def wait(self, seconds: float) -> None:
        self.time += seconds
        self.call.tick(self.time)

    # ---- what happens outside ---------------------------------------------------------------------------------
    def arrives(self) -> Story:
        self.phone.caller_calls()
        self.hear(ARRIVED)
        return self

    def waits(self, prompts: tuple[str, ...] = (), *, offered: bool = False) -> Story:
        """Arrived, routed, placed, and its ACK came if we answered."""
        self.arrives()
        self.hear(records.Routed(self.profile))
        self.acknowledges()
        self.hear(records.Placed(prompts, offered))
        return self

    def guided(self, steps: dict[str, Any], *, caller: dict[str, Any] | None = None, audible: bool = True, **flow: Any) -> Story:
        """Arrived at a number whose flow has these steps, the first one first. Each sound is a file named after its text or prompt."""
        self.arrives()
        document = {"start": next(iter(steps)), "fallback_queue": "general", "steps": steps, **flow}
        sounds = {sound.key: [f"{sound.prompt or sound.text}.wav"] for sound in statics(document)}
        known = {"number": "123", "name": "", "priority": 0, "calls": 0, **(caller or {})}
        self.hear(records.Routed(self.profile, records.FlowStart(7, document, known, "1000", sounds)))
        if audible:
            self.acknowledges()
        return self

    def types(self, keys: str) -> None:
        for key in keys:
            self.hear(ports.DigitPressed(CALLER, key, "rfc4733"))

    def heard_out(self) -> None:
        """What plays to the caller now is heard to its end."""
        self.hear(ports.PromptEnded(CALLER, self.phone.prompts[-1][-1]))

    def said(self) -> list[str]:
        """What was begun to be said to the caller, in order."""
        return [path.removesuffix(".wav") for paths in self.phone.prompts for path in paths]

    def acknowledges(self) -> None:
        if self.phone.legs[CALLER].state == "answering":
            self.phone.legs[CALLER].state = "answered"
            self.hear(ports.LegAnswered(CALLER, "PCMA"))

    def offered(self, offer: int = 1, devices: int = 1, agent: int = 7, seconds: float = 20) -> list[LegId]:
        """The legs that were dialled for it."""
        return self.offered_together(self.offer(offer, devices, agent, seconds))

    def offer(self, offer: int, devices: int = 1, agent: int = 7, seconds: float = 20) -> ports.OfferOpened:
        targets = tuple(ports.Target(device, f"sip:device-{offer}-{device}@edge") for device in range(devices))
        return ports.OfferOpened(offer, agent, targets, seconds)

    def offered_together(self, *offers: ports.OfferOpened) -> list[LegId]:
        before = set(self.phone.legs)
        self.hear(*offers)
        return sorted(set(self.phone.legs) - before)

    def answers(self, leg: LegId) -> None:
        self.phone.legs[leg].state = "answered"
        stopped = self.phone.dialled_with(leg)
        for other in stopped:
            self.phone.legs[other].state = "ended"
        self.hear(ports.LegAnswered(leg, "PCMA"), *(ports.LegEnded(other, 487, by_peer=False) for other in stopped))
        self.acknowledges()

    def ends(self, leg: LegId, status: int = 200) -> None:
        by_peer = self.phone.legs[leg].state not in ("cancelling", "closing")
        self.phone.legs[leg].state = "ended"
        self.hear(ports.LegEnded(leg, status, by_peer))

    def confirms_all(self) -> None:
        """Every peer confirms our BYE or CANCEL."""
        for leg in sorted(self.phone.open_legs):
            self.ends(leg, 487)

    def talks(self, **offer: Any) -> LegId:
        (leg,) = self.waits().offered(**offer)
        self.answers(leg)
        self.hear(records.Accepted(1, won=True))
        return leg

    # ---- what came of it --------------------------------------------------------------------------------------
    def hears(self, leg: LegId) -> str:
        return self.phone.legs[leg].hears

    def is_closing(self, leg: LegId) -> bool:
        return self.phone.legs[leg].state in ("cancelling", "closing", "ended")

    def failures(self) -> list[tuple[Any, ...]]:
        return self.desk.named("offer_failed")

    def hung_up(self) -> list[tuple[Any, ...]]:
        return self.desk.named("hang_up")
