"""The socket of the agent panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.auth.models import User

from agents.models import Agent
from callcenter.core.errors import NotAllowed
from callcenter.core.websocket import LiveConsumer, Operation

from .intents import PanelIntents
from .later import may_promise
from .snapshot import panel_snapshot


class PanelConsumer(LiveConsumer):
    # The panel is read at once after each hint: it is one agent's, and the ring must not wait.
    spacing_seconds: ClassVar[float] = 0.0

    def admit(self, user: User) -> None:
        agent = Agent.objects.filter(user=user, active=True).first()
        if agent is None:
            raise NotAllowed("this log-in belongs to no active agent")
        self.agent_id = agent.pk
        self.promises = may_promise(user)

    def read(self) -> dict[str, Any]:
        return panel_snapshot(self.agent_id, promises=self.promises)

    def groups_to_follow(self, data: dict[str, Any]) -> set[str]:
        # Not the queues: every event of a busy queue would make a hundred panels read. Their lengths may be seconds old.
        calls = [*data["calls"], *data["wrap_ups"], *(offer["call"] for offer in data["offers"])]
        boxes = (f"box.{box['id']}" for box in data["mailbox"]["boxes"])
        return {f"agent.{self.agent_id}", *(f"call.{call['id']}" for call in calls), *boxes}

    def operations(self) -> Mapping[str, Operation]:
        return PanelIntents(self.agent_id).table()
