"""Today's figures for boards, computed once for all the boards of a process."""

from __future__ import annotations

import threading
import time

from queues.metrics import QueueFigures, queues_figures
from queues.models import Queue

SHORTEST_SECONDS = 0.25
SHARE = 5
"""Figures are used at least so many times as long as they took to compute: a busy day costs a fifth of a core at most."""


class Today:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._good_until = 0.0
        self._figures: dict[int, QueueFigures] = {}

    def figures(self) -> dict[int, QueueFigures]:
        """By queue id, since midnight in each queue's timezone."""
        with self._lock:
            if time.monotonic() >= self._good_until:
                began = time.monotonic()
                self._figures = queues_figures(Queue.objects.all())
                cost = time.monotonic() - began
                self._good_until = time.monotonic() + max(SHORTEST_SECONDS, SHARE * cost)
            return self._figures

    def forget(self) -> None:
        with self._lock:
            self._good_until = 0.0


today = Today()
