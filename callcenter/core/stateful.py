"""The only way to change a state: along the table, by compare-and-swap, with its event in the same transaction."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from . import events
from .errors import Refusal
from .machine import Machine


class IllegalTransition(Refusal):
    """This cannot be done in the present state."""

    code = "illegal_transition"


class Stateful(models.Model):
    """A row with a `state` that moves along `machine`; `state_since` is when it last really changed."""

    machine: ClassVar[Machine]
    subject: ClassVar[str]

    state: models.CharField[str, str]
    state_since = models.DateTimeField(default=timezone.now, editable=False, help_text="Since when it is in this state.")

    class Meta:
        abstract = True

    def allowed_events(self) -> list[str]:
        return self.machine.allowed_events(self.state)


def advance(row: Stateful, event: str, *, actor: str, cause: str = "", data: dict[str, Any] | None = None, **fields: Any) -> None:
    """Move `row` along its table and write `fields` with it.

    The UPDATE names the source states again, so of two processes that saw the same row only one moves
    it. Must run inside a transaction, so that the event row and the change are one.

    :param actor: who did it, as `events.actor` writes it ("user:3", "system:sweep").
    :param cause: why, in one or two words for the time line ("ring time over").
    :raises IllegalTransition: if the row, as it is in the database, does not allow the event.
    """
    declared = row.machine.event(event)
    previous = row.state
    now = timezone.now()
    # Both conditions: the event must be declared for this state, and the row must still be in it.
    allowed = Q(("state__in", declared.sources), ("state", previous))
    changed = {"state": declared.target, **fields}
    if declared.target != previous:
        changed["state_since"] = now
    moved = type(row)._default_manager.filter(allowed, pk=row.pk).update(**changed)
    if not moved:
        raise IllegalTransition(f"{row.subject} {row.pk}: {event} is not possible from {previous}")
    for name, value in changed.items():
        setattr(row, name, value)
    events.append(
        f"{row.subject}.{event}",
        subject=f"{row.subject}:{row.pk}",
        actor=actor,
        cause=cause,
        data={"from": previous, "to": declared.target, **(data or {})},
    )
