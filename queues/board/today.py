"""Today's figures for boards, computed once for all the boards of a process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from agents.models import Agent, Team
from queues.estimate import Pace
from queues.metrics import AgentFigures, QueueFigures, SkillFigures, agents_figures, queues_figures, skills_figures, teams_figures
from queues.models import Queue
from queues.waits import paces

T = TypeVar("T")

SHORTEST_SECONDS = 0.25
SHARES_SECONDS = 15.0
"""Shares of an agent's time change with every second; more often than this they need not be drawn anew."""
SHARE = 5
"""Figures are used at least so many times as long as they took to compute: a busy day costs a fifth of a core at most."""


class Kept(Generic[T]):
    """What a function returned, until it is too old."""

    def __init__(self, read: Callable[[], T], seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._lock = threading.Lock()
        self._good_until = 0.0
        self._value: T | None = None

    def value(self) -> T:
        with self._lock:
            if self._value is None or time.monotonic() >= self._good_until:
                began = time.monotonic()
                self._value = self._read()
                cost = time.monotonic() - began
                self._good_until = time.monotonic() + max(self._seconds, SHARE * cost)
            return self._value

    def forget(self) -> None:
        with self._lock:
            self._good_until = 0.0


class Today:
    def __init__(self) -> None:
        self._queues = Kept(lambda: queues_figures(Queue.objects.all()), SHORTEST_SECONDS)
        self._teams = Kept(lambda: teams_figures(Team.objects.all()), SHARES_SECONDS)
        self._paces = Kept(paces, SHARES_SECONDS)
        self._skills = Kept(skills_figures, SHORTEST_SECONDS)
        self._agents = Kept(lambda: agents_figures(Agent.objects.filter(active=True)), SHARES_SECONDS)

    def figures(self) -> dict[int, QueueFigures]:
        """By queue id, since midnight in each queue's timezone."""
        return self._queues.value()

    def pace(self, queue_id: int) -> Pace | None:
        """How the queue's line moves; up to `SHARES_SECONDS` old. The place in it is not in it, so the estimate is of this moment."""
        return self._paces.value().get(queue_id)

    def agents(self) -> dict[int, AgentFigures]:
        """By agent id, since the installation's midnight; up to `SHARES_SECONDS` old."""
        return self._agents.value()

    def teams(self) -> dict[int, AgentFigures]:
        """By team id, like `agents`."""
        return self._teams.value()

    def skills(self) -> dict[tuple[int, int], SkillFigures]:
        """By the ids of queue and skill, since the installation's midnight."""
        return self._skills.value()

    def forget(self) -> None:
        self._queues.forget()
        self._skills.forget()
        self._teams.forget()
        self._agents.forget()


today = Today()
