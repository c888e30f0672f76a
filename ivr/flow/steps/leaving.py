"""Steps by which the caller leaves the flow, or goes to another place in it."""

from __future__ import annotations

from typing import Any

from .. import expressions
from ..fields import Field
from ..story import Story, Walk
from ..words import Hand, Say
from .base import Outlet, Step, shown
from .deciding import priority_of

STUDIO = "prompt:"
"""What the name of a box begins with that is a recording code: no stable name has a colon."""

FAILED = Outlet("failed", "Not reached", required=False)


class ToQueue(Step):
    kind, title, group = "queue", "Queue", "leaving"
    hint = "Gives the caller a place in a queue, with the priority, skills and variables collected so far."
    fields = (
        Field("queue", "queue", "Queue", "Its stable name.", required=True),
        Field("priority", "expression", "Priority", "0 to 10; empty: as it was set before.", default=""),
    )

    def outlets(self) -> tuple[Outlet, ...]:
        return ()

    def run(self, story: Story) -> Walk:
        if self.values["priority"]:
            yield from story.look(self.values["priority"])
            story.priority = priority_of(expressions.evaluate(self.values["priority"], story.context()))
        answer = yield Hand("queue", {"queue": self.values["queue"], "priority": story.priority, "skills": dict(story.skills)})
        return str(answer)

    def summary(self) -> str:
        return str(self.values["queue"])


class Transfer(Step):
    kind, title, group = "transfer", "Transfer", "leaving"
    hint = "Connects the caller with one agent, by extension, or with a number outside."
    exits_when = {"number": (FAILED,)}
    fields = (
        Field("agent", "agent", "Agent's extension", "Such as 1001.", default=""),
        Field("number", "template", "Number outside", "Such as +49301234567.", default=""),
        Field("ring_seconds", "whole", "Seconds to ring", "For numbers outside.", default=30, extra=(("least", 5), ("most", 120))),
    )

    def outlets(self) -> tuple[Outlet, ...]:
        return self.exits_when["number"] if self.values["number"] else ()

    def run(self, story: Story) -> Walk:
        if self.values["agent"]:
            answer = yield Hand("agent", {"extension": self.values["agent"], "priority": story.priority, "skills": {}})
        else:
            number = expressions.filled(self.values["number"], story.context())
            answer = yield Hand("external", {"number": number, "ring_seconds": self.values["ring_seconds"]})
        return str(answer)

    def summary(self) -> str:
        return str(self.values["agent"] or self.values["number"])


class Voicemail(Step):
    kind, title, group = "voicemail", "Voicemail", "leaving"
    hint = "Lets the caller leave a message."
    fields = (Field("box", "mailbox", "Mailbox", "Its stable name.", required=True),)

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet("next", "Afterwards", required=False), FAILED)

    def run(self, story: Story) -> Walk:
        return str((yield Hand("voicemail", {"box": self.values["box"]})))

    def summary(self) -> str:
        return str(self.values["box"])


class Studio(Step):
    kind, title, group = "studio", "Record a prompt", "leaving"
    hint = "Records a prompt by phone, for whoever has the code that its page in the administration gives."
    fields = (
        Field("code", "expression", "Code", "What was typed, such as vars.code of a step that collects it as a secret.", required=True),
    )

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet("next", "Afterwards", required=False), Outlet("failed", "Wrong code", required=False))

    def run(self, story: Story) -> Walk:
        code = expressions.evaluate(self.values["code"], story.context())
        return str((yield Hand("voicemail", {"box": f"{STUDIO}{code}"})))


class Callback(Step):
    kind, title, group = "callback", "Callback", "leaving"
    hint = (
        "Takes down a number; the caller keeps the place in line and is called back. If the queue offers chosen times, "
        "the caller is asked when."
    )
    fields = (
        Field("queue", "queue", "Queue", "Whose agents call back.", required=True),
        Field("number", "template", "Number", "Empty: the caller's own.", default=""),
        Field("say", "sayings", "Said in the end", "Such as “We will call you back”.", default=()),
    )

    def outlets(self) -> tuple[Outlet, ...]:
        return (FAILED,)

    def run(self, story: Story) -> Walk:
        number = (
            expressions.filled(self.values["number"], story.context()) if self.values["number"] else str(story.caller.get("number", ""))
        )
        sounds = yield from story.sounds(self.values["say"])
        wanted: dict[str, Any] = {"queue": self.values["queue"], "number": number, "priority": story.priority, "skills": dict(story.skills)}
        answer = yield Hand("callback", wanted)
        if answer == "failed":
            return "failed"
        yield Say(sounds)
        yield Hand("hang_up", {"reason": "callback"})
        return "next"

    def summary(self) -> str:
        return str(self.values["queue"])


class HangUp(Step):
    kind, title, group = "hang_up", "Hang up", "leaving"
    hint = "Says good-bye and hangs up."
    fields = (Field("say", "sayings", "Last words", "Heard before the line is closed.", default=()),)

    def outlets(self) -> tuple[Outlet, ...]:
        return ()

    def run(self, story: Story) -> Walk:
        sounds = yield from story.sounds(self.values["say"])
        if sounds:
            yield Say(sounds)
        yield Hand("hang_up", {"reason": "served by the flow"})
        return ""

    def summary(self) -> str:
        return shown(self.values["say"]) or self.title


class OtherFlow(Step):
    kind, title, group = "flow", "Other flow", "leaving"
    hint = "Goes on in another flow, in its published version."
    fields = (Field("flow", "flow", "Flow", "Its stable name.", required=True),)

    def outlets(self) -> tuple[Outlet, ...]:
        return ()

    def run(self, story: Story) -> Walk:
        return str((yield Hand("flow", {"flow": self.values["flow"]})))

    def summary(self) -> str:
        return str(self.values["flow"])


class Back(Step):
    kind, title, group = "back", "Back", "leaving"
    hint = "Back to the menu before this one; from the first menu, to the start."

    def outlets(self) -> tuple[Outlet, ...]:
        return ()

    def run(self, story: Story) -> Walk:
        yield from ()
        return "back"

    def goes_to(self, story: Story, exit_name: str) -> str | None:
        story.menus = story.menus[:-1]
        return story.menus[-1] if story.menus else story.flow.start


class Repeat(Step):
    kind, title, group = "repeat", "Repeat", "leaving"
    hint = "The present menu once more."

    def outlets(self) -> tuple[Outlet, ...]:
        return ()

    def run(self, story: Story) -> Walk:
        yield from ()
        return "repeat"

    def goes_to(self, story: Story, exit_name: str) -> str | None:
        return story.menus[-1] if story.menus else story.flow.start
