"""Whether a node still gives signs of life."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from .models import Node
from .services.nodes import DEAD_AFTER_SECONDS


def silent(node: Node) -> bool:
    """It should speak and does not. A node that was stopped in good order has no heartbeat and is not silent."""
    if node.heartbeat_at is None:
        return False
    return timezone.now() - node.heartbeat_at > timedelta(seconds=DEAD_AFTER_SECONDS)
