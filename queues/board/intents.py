"""How a supervisor steers the floor. Each function checks the scope, then calls one service."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth.models import User

from callcenter.core.errors import NotFound
from callcenter.core.intents import Arguments
from callcenter.core.websocket import Operation
from queues import services

from .scope import visible_calls, visible_to


class BoardIntents:
    """The operations of one supervisor's board, by name."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.actor = f"user:{user.pk}"

    def table(self) -> Mapping[str, Operation]:
        return {
            "assign": self.assign,
            "priority": self.priority,
            "available": self.available,
            "break": self.take_break,
            "offline": self.go_offline,
        }

    def assign(self, args: Arguments) -> None:
        services.force_assign(self._call(args), self._agent(args), actor=self.actor)

    def priority(self, args: Arguments) -> None:
        services.set_priority(self._call(args), args.integer("priority", low=0, high=10), actor=self.actor)

    def available(self, args: Arguments) -> None:
        services.set_available(self._agent(args), actor=self.actor)

    def take_break(self, args: Arguments) -> None:
        services.take_break(self._agent(args), args.integer("reason"), actor=self.actor)

    def go_offline(self, args: Arguments) -> None:
        services.go_offline(self._agent(args), actor=self.actor)

    def _agent(self, args: Arguments) -> int:
        pk = args.integer("agent")
        if not visible_to(self.user).filter(pk=pk).exists():
            raise NotFound("this agent is not among those you supervise")
        return pk

    def _call(self, args: Arguments) -> int:
        pk = args.integer("call")
        if not visible_calls(self.user).filter(pk=pk).exists():
            raise NotFound("this call is not in a queue that you supervise")
        return pk
