"""Steps that the caller does not notice: they decide, set and look things up."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .. import expressions
from ..expressions import ExpressionFailed
from ..fields import Field
from ..story import Story, Walk
from ..words import Ask
from .base import Outlet, Step

RESPONSE = ("response",)


class Set(Step):
    kind, title = "set", "Set"
    hint = "Gives the call a priority, a language, skills that it needs, or variables."
    fields = (
        Field("priority", "expression", "Priority", "0 normal to 10, such as 5 or caller.priority + 2.", default=""),
        Field("language", "language", "Language", "What is said from here on, such as de.", default=""),
        Field("skills", "skills", "Skills", "What an agent must be able to do, with the least level from 1 to 5.", default=()),
        Field("variables", "assignments", "Variables", "Names and the expressions whose values they get.", default={}),
    )

    def run(self, story: Story) -> Walk:
        v = self.values
        yield from story.look(v["priority"], *v["variables"].values())
        if v["priority"]:
            story.priority = priority_of(expressions.evaluate(v["priority"], story.context()))
        story.language = v["language"] or story.language
        story.skills.update(v["skills"])
        for name, source in v["variables"].items():
            story.variables[name] = expressions.evaluate(source, story.context())
        return "next"

    def summary(self) -> str:
        v = self.values
        named = [f"{name} {v[name]}" for name in ("priority", "language") if v[name]]
        return ", ".join([*named, *(f"{skill} {level}" for skill, level in v["skills"]), *v["variables"]]) or self.title


def priority_of(value: Any) -> int:
    """
    :raises ExpressionFailed: it is no number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionFailed("the priority is no number")
    return int(min(max(value, 0), 10))


class Branch(Step):
    kind, title = "branch", "Rules"
    hint = "The first rule that holds says where to go on."
    grows = "cases"
    fields = (Field("cases", "cases", "Rules", "In order; each has a name and a condition.", required=True),)

    def outlets(self) -> tuple[Outlet, ...]:
        return (*(Outlet(name, name) for name, _ in self.values["cases"]), Outlet("else", "None of them"))

    def run(self, story: Story) -> Walk:
        yield from story.look(*(source for _, source in self.values["cases"]))
        context = story.context()
        return next((name for name, source in self.values["cases"] if _holds_if_known(source, context)), "else")

    def summary(self) -> str:
        return " · ".join(f"{name}: {source}" for name, source in self.values["cases"])[:80]


def _holds_if_known(source: str, context: dict[str, Any]) -> bool:
    """A rule about something that this call does not have does not hold; the next one is asked."""
    try:
        return expressions.holds(source, context)
    except ExpressionFailed:
        return False


class Rule(Step):
    kind, title = "rule", "Run a rule"
    hint = "Asks a rule that several flows share, and keeps its result for the steps that follow."
    fields = (
        Field("rule", "rule", "Rule", "Its stable name.", required=True),
        Field("variable", "variable", "Kept in", "Used later as vars.NAME.", required=True),
    )

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet("next", "Decided"), Outlet("failed", "Nobody can say", required=False))

    def run(self, story: Story) -> Walk:
        found = yield Ask("rule", {"rule": self.values["rule"]})
        if not isinstance(found, dict) or "cases" not in found:
            return "failed"
        yield from story.look(*(source for source, _ in found["cases"]))
        context = story.context()
        results = (result for source, result in found["cases"] if _holds_if_known(source, context))
        story.variables[self.values["variable"]] = next(results, found["otherwise"])
        return "next"

    def summary(self) -> str:
        return f"{self.values['variable']}: {self.values['rule']}"


class Hours(Step):
    kind, title = "hours", "Business hours"
    hint = "Asks a schedule whether it is open now."
    fields = (Field("schedule", "schedule", "Schedule", "Its stable name.", required=True),)

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet("open", "Open"), Outlet("closed", "Closed"), Outlet("holiday", "Holiday or closure", required=False))

    def run(self, story: Story) -> Walk:
        found = yield Ask("hours", {"schedule": self.values["schedule"]})
        state = found.get("state", "open") if isinstance(found, dict) else "open"  # nobody can say: better let callers in
        return {"open": "open", "closed": "closed"}.get(state, "holiday")

    def goes_to(self, story: Story, exit_name: str) -> str | None:
        return self.exits.get(exit_name) or (self.exits.get("closed") if exit_name == "holiday" else None)

    def summary(self) -> str:
        return str(self.values["schedule"])


class Split(Step):
    kind, title = "split", "A/B"
    hint = "Sends callers different ways by shares; the figures compare what became of them."
    grows = "variants"
    fields = (Field("variants", "variants", "Variants", "Names of the ways and their shares.", required=True),)

    def outlets(self) -> tuple[Outlet, ...]:
        return tuple(Outlet(name, f"{name} ({weight})") for name, weight in self.values["variants"])

    def run(self, story: Story) -> Walk:
        yield from ()
        variants: tuple[tuple[str, int], ...] = self.values["variants"]
        point = story.draw() * sum(weight for _, weight in variants)
        for name, weight in variants:
            point -= weight
            if point < 0:
                return name
        return next(name for name, weight in reversed(variants) if weight)

    def summary(self) -> str:
        return " / ".join(f"{name} {weight}" for name, weight in self.values["variants"])


class Web(Step):
    kind, title = "web", "Web service"
    hint = "Asks a web service and keeps what it answers. The caller goes on by “failed” if it does not answer in time."
    fields = (
        Field(
            "connection",
            "connection",
            "Connection",
            "Whose address and secret are used; empty: the address below is a whole one, on the public Internet.",
            default="",
        ),
        Field(
            "url",
            "template",
            "Address",
            "Such as https://crm.example.org/callers/{{caller.number}}; with a connection, the part after its address.",
            required=True,
        ),
        Field(
            "method",
            "choice",
            "Method",
            "GET asks; POST and PUT send the body below.",
            default="GET",
            extra=(("choices", ("GET", "POST", "PUT")),),
        ),
        Field("headers", "headers", "Headers", "Never a secret: secrets belong to connections.", default={}),
        Field("body", "template", "Body", "Sent as JSON with POST and PUT.", default=""),
        Field("timeout", "number", "Seconds to wait", "For each attempt.", default=3.0, extra=(("least", 0.2), ("most", 15))),
        Field(
            "retries",
            "whole",
            "Further attempts",
            "When the service does not answer in time, or that it failed.",
            default=1,
            extra=(("least", 0), ("most", 3)),
        ),
        Field("say", "sayings", "Said meanwhile", "Such as “One moment please”.", default=()),
        Field("variables", "responses", "Kept", "Variables and where in the answer they are, such as response.customer.tier.", default={}),
    )

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet("next", "Answered"), Outlet("failed", "Failed", required=False))

    def run(self, story: Story) -> Walk:
        v, context = self.values, story.context()
        headers = {name: expressions.filled(text, context) for name, text in v["headers"].items()}
        sounds = yield from story.sounds(v["say"])
        found = yield Ask(
            "web",
            {
                "connection": v["connection"], "url": _filled_url(v["url"], context), "method": v["method"], "headers": headers,
                "body": expressions.filled(v["body"], context), "timeout": v["timeout"], "retries": v["retries"],
                "meanwhile": [sound.key for sound in sounds if not sound.filled],
            },
        )  # fmt: skip
        if not isinstance(found, dict) or "response" not in found:
            return "failed"
        return self._kept(story, found["response"])

    def _kept(self, story: Story, response: Any) -> str:
        try:
            kept = {
                name: expressions.evaluate(source, story.context(response=response)) for name, source in self.values["variables"].items()
            }
        except ExpressionFailed:
            return "failed"
        story.variables.update(kept)
        return "next"

    def summary(self) -> str:
        return f"{self.values['method']} {self.values['connection']}{self.values['url']}"[:80]


def _filled_url(url: str, context: dict[str, Any]) -> str:
    """Each value as one part of the address: a caller's digits must not change where it leads."""
    return expressions.PLACE.sub(
        lambda found: quote(expressions.spoken_form(expressions.evaluate(found.group(1).strip(), context)), safe=""), url
    )
