"""SQL of the hot paths, written out.

A call costs dozens of statements, and building one with the ORM takes longer than PostgreSQL needs to run it. So what
runs for every call is a constant here and there, next to its reason. Its parameters are bound by the server, and after
`DATABASE_PREPARE_AFTER` uses a connection has it planned once and for all. Everything else stays with the ORM.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

M = TypeVar("M", bound=Model)
Values = Mapping[str, Any] | Sequence[Any]
Row = tuple[Any, ...]


def rows(statement: str, values: Values) -> list[Row]:
    with _cursor() as cursor:
        cursor.execute(statement, values)
        found: list[Row] = cursor.fetchall()
    return found


def row(statement: str, values: Values) -> Row | None:
    """The first row that the statement returns."""
    return next(iter(rows(statement, values)), None)


def only_row(statement: str, values: Values) -> Row:
    """The row of a statement that always returns one."""
    (found,) = rows(statement, values)
    return found


def run(statement: str, values: Values) -> int:
    """How many rows it changed."""
    with _cursor() as cursor:
        cursor.execute(statement, values)
        changed: int = cursor.rowcount
    return changed


@contextmanager
def _cursor() -> Iterator[CursorWrapper]:
    """A cursor of Django's (errors, query log), except that the server binds its parameters."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor: Any = ServerBindingCursor(connection.connection)  # type: ignore[call-arg]  # the stubs know no psycopg
    with connection.make_debug_cursor(cursor) if connection.queries_logged else connection.make_cursor(cursor) as wrapped:
        yield wrapped


class Slice(Generic[M]):
    """Some columns of a model: rows that hot paths read become instances whose other fields are deferred.

    A row of forty columns takes longer to become an instance than to be found.
    """

    def __init__(self, model: type[M], *names: str) -> None:
        fields = [field for field in model._meta.concrete_fields if {field.name, field.attname} & set(names)]
        self.model = model
        self.names = frozenset(field.attname for field in fields)
        self.width = len(fields)
        self._columns = [field.column for field in fields]

    def columns(self, alias: str) -> str:
        """For the SELECT list; `make` takes them in this order."""
        return ", ".join(f"{alias}.{column}" for column in self._columns)

    def make(self, values: Sequence[Any]) -> M:
        # Fields are looked for in `names`; a set is looked through faster than the list that Django expects.
        return self.model.from_db("default", self.names, values)
