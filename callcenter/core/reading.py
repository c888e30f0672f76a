"""Reads that a screen shows as one picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from .models import LogEntry


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything read inside is of the same moment, so that no screen shows a call both waiting and talking."""
    if connection.in_atomic_block:
        # The caller reads inside a transaction of its own; its isolation is the caller's choice.
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def version() -> int:
    """Id of the newest event that this moment can see: a snapshot taken now contains its effects."""
    newest = LogEntry.objects.order_by("-id").values_list("id", flat=True).first()
    return newest or 0
