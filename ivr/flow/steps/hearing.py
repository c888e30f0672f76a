"""Steps in which the caller hears something, or types."""

from __future__ import annotations

from typing import Any

from .. import expressions
from ..fields import Field
from ..story import Story, Walk
from ..words import Gather, Say, Sound, Typed
from .base import Outlet, Step, shown

KEYS = "0123456789*#"

SAY = Field("say", "sayings", "What is said", "A text, texts by language, or a prompt.", required=True)
BARGE_IN = Field("barge_in", "flag", "A key interrupts it", "Callers who know the way need not listen to the end.", default=True)
FIRST = Field(
    "timeout",
    "number",
    "Seconds to wait for a key",
    "Counted from the end of what is said.",
    default=5.0,
    extra=(("least", 1), ("most", 60)),
)
ATTEMPTS = Field("attempts", "whole", "Attempts", "How often it is asked in all.", default=3, extra=(("least", 1), ("most", 10)))
INVALID_SAY = Field("invalid_say", "sayings", "Said after a wrong key", "Before it is asked again.", default=())
NO_INPUT_SAY = Field("no_input_say", "sayings", "Said after silence", "Before it is asked again.", default=())
NO_INPUT = Outlet("no_input", "Nothing typed", required=False)
INVALID = Outlet("invalid", "Never right", required=False)


class Play(Step):
    kind, title, group = "play", "Play", "hearing"
    hint = "Lets the caller hear prompts or spoken texts, then goes on."
    fields = (SAY, Field("barge_in", "flag", "A key ends it", "The key counts for the next menu.", default=False))

    def run(self, story: Story) -> Walk:
        sounds = yield from story.sounds(self.values["say"])
        yield Say(sounds, barge_in=self.values["barge_in"])
        return "next"

    def summary(self) -> str:
        return shown(self.values["say"])


class Asking(Step):
    """A step that asks, listens, and asks again."""

    takes_input = True
    group = "hearing"

    def gather(self, sounds: tuple[Sound, ...]) -> Gather:
        raise NotImplementedError

    def accept(self, story: Story, typed: Typed) -> str:
        """The exit for what was typed; empty: it is wrong."""
        raise NotImplementedError

    def run(self, story: Story) -> Walk:
        problem = "no_input"
        for attempt in range(self.values["attempts"]):
            apology = self.values[f"{problem}_say"] if attempt else ()
            sounds = yield from story.sounds((*apology, *self.values["say"]))
            typed = yield self.gather(sounds)
            assert isinstance(typed, Typed)
            if typed.digits and (found := self.accept(story, typed)):
                return found
            problem = "invalid" if typed.digits else "no_input"
        return problem

    def summary(self) -> str:
        return shown(self.values["say"])


class Menu(Asking):
    kind, title = "menu", "Menu"
    hint = "Asks for one key. Each key that is connected is an option."
    grows = "keys"
    fields = (SAY, BARGE_IN, FIRST, ATTEMPTS, INVALID_SAY, NO_INPUT_SAY)

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(key for key in KEYS if key in self.exits)

    def outlets(self) -> tuple[Outlet, ...]:
        return (*(Outlet(key, f"Key {key}") for key in self.options), NO_INPUT, INVALID)

    def run(self, story: Story) -> Walk:
        story.enter_menu(self.name)
        return (yield from super().run(story))

    def gather(self, sounds: tuple[Sound, ...]) -> Gather:
        return Gather(sounds, most=1, first_seconds=self.values["timeout"], barge_in=self.values["barge_in"])

    def accept(self, story: Story, typed: Typed) -> str:
        return typed.digits if typed.digits in self.options else ""


class Collect(Asking):
    kind, title = "collect", "Collect digits"
    hint = "Asks for a number, such as that of a customer, and keeps it in a variable."
    fields = (
        SAY,
        Field("variable", "variable", "Kept in", "Used later as vars.NAME.", required=True),
        Field("least", "whole", "Fewest digits", "With fewer it is asked again.", default=1, extra=(("least", 1), ("most", 40))),
        Field("most", "whole", "Most digits", "With so many the input is complete.", default=20, extra=(("least", 1), ("most", 40))),
        Field(
            "terminator",
            "choice",
            "Ends with",
            "The key that ends the input; none: only the number of digits and time do.",
            default="#",
            extra=(("choices", ("#", "*", "none")),),
        ),
        FIRST,
        Field(
            "between",
            "number",
            "Seconds between keys",
            "After so long without a further key the input is complete.",
            default=3.0,
            extra=(("least", 0.5), ("most", 20)),
        ),
        Field(
            "valid",
            "expression",
            "Right if",
            "For example digits.startsWith('7'). Empty: any digits will do.",
            default="",
            extra=(("known", ("digits",)),),
        ),
        Field("secret", "flag", "Secret", "Never stored, shown or logged: PINs and card numbers.", default=False),
        BARGE_IN,
        ATTEMPTS,
        INVALID_SAY,
        NO_INPUT_SAY,
    )

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet("next", "Then"), NO_INPUT, INVALID)

    def gather(self, sounds: tuple[Sound, ...]) -> Gather:
        v = self.values
        return Gather(
            sounds, most=v["most"], terminator="" if v["terminator"] == "none" else v["terminator"], first_seconds=v["timeout"],
            between_seconds=v["between"], barge_in=v["barge_in"], secret=v["secret"],
        )  # fmt: skip

    def accept(self, story: Story, typed: Typed) -> str:
        if len(typed.digits) < self.values["least"]:
            return ""
        if self.values["valid"] and not expressions.holds(self.values["valid"], story.context(digits=typed.digits)):
            return ""
        story.variables[self.values["variable"]] = typed.digits
        return "next"

    def summary(self) -> str:
        return f"{self.values['variable']}: {shown(self.values['say'])}"


def secrets_of(steps: Any) -> frozenset[str]:
    """The variables that hold what must never be written."""
    return frozenset(step.values["variable"] for step in steps if isinstance(step, Collect) and step.values["secret"])
