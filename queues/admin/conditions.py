"""Which settings of a queue matter for its strategy: the others are not shown."""

from __future__ import annotations

from ..models import Queue, Strategy

STICKY, PROGRESSIVE = Strategy.STICKY.value, Strategy.RING_PROGRESSIVELY.value

# Evaluated in the page while somebody chooses. A page that may only be looked at has no inputs, and so no such names.
_STICKY = f"typeof strategy === 'undefined' || strategy === '{STICKY}'"

SHOWN_WHEN = {
    "second_strategy": _STICKY,
    "sticky_days": _STICKY,
    "sticky_seconds": _STICKY,
    "progressive_seconds": f"{_STICKY.replace(STICKY, PROGRESSIVE)} || (strategy === '{STICKY}' && second_strategy === '{PROGRESSIVE}')",
}


def shown(name: str, queue: Queue) -> bool:
    """The same for a queue as it is stored."""
    if name == "progressive_seconds":
        return queue.usual_strategy == PROGRESSIVE
    return name not in SHOWN_WHEN or queue.strategy == STICKY
