"""The only way to change a state: along the table, by compare-and-swap, with its event in the same transaction."""

from __future__ import annotations

import functools
import json
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from . import bell, events, sql
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


def advance(
    row: Stateful, event: str, *, actor: str, cause: str = "", data: dict[str, Any] | None = None, ring: bell.Ring | None = None,
    **fields: Any,
) -> None:  # fmt: skip
    """Move `row` along its table and write `fields` with it.

    The UPDATE names the source states again, so of two processes that saw the same row only one moves
    it. Must run inside a transaction, so that the event row and the change are one.

    :param actor: who did it, as `events.actor` writes it ("user:3", "system:sweep").
    :param cause: why, in one or two words for the time line ("ring time over").
    :param ring: sent along, if the row moves.
    :raises IllegalTransition: if the row, as it is in the database, does not allow the event.
    """
    declared = row.machine.event(event)
    previous = row.state
    changed = {"state": declared.target, **fields}
    if declared.target != previous:
        changed["state_since"] = timezone.now()
    entry = {"from": previous, "to": declared.target, **(data or {})}
    # Both conditions: the event must be declared for this state, and the row must still be in it.
    if previous not in declared.sources or not sql.run(
        _advance(type(row), tuple(changed), ring is not None),
        [*map(_plain, changed.values()), row.pk, previous, f"{row.subject}.{event}", row.subject, actor, cause, json.dumps(entry),
         *(ring or ())],
    ):  # fmt: skip
        raise IllegalTransition(f"{row.subject} {row.pk}: {event} is not possible from {previous}")
    for name, value in changed.items():
        setattr(row, name, value)


def write(row: models.Model, **fields: Any) -> None:
    """Store these fields of a row whose lock is held, and nothing else; a state is never among them."""
    sql.run(_update(type(row), tuple(fields)), [*map(_plain, fields.values()), row.pk])
    for name, value in fields.items():
        setattr(row, name, value)


@functools.cache
def _advance(model: type[models.Model], names: tuple[str, ...], rings: bool) -> str:
    """The move, its event and the ring in one statement: nothing moved, nothing written."""
    return (
        f"WITH moved AS ({_update(model, names)} AND state = %s RETURNING id) "  # noqa: S608
        f"{events.APPEND} SELECT %s, %s, id, %s, %s, %s::jsonb FROM moved {events.RING}{', ' + bell.SEND if rings else ''}"
    )


@functools.cache
def _update(model: type[models.Model], names: tuple[str, ...]) -> str:
    columns = ", ".join(f"{model._meta.get_field(name).column} = %s" for name in names)  # type: ignore[union-attr]
    return f"UPDATE {model._meta.db_table} SET {columns} WHERE id = %s"  # noqa: S608  (names from models)


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value
