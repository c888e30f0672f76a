"""Intents: what browsers ask for over a socket, each carried out once however often it is sent.

A browser gives each request an id of its own. When the line breaks before the answer came, it sends the
same request under the same id again; the answer was stored in the transaction that did the work, so the
second time it is only read.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from .errors import NotAllowed, Refusal
from .models import Intent

Answer = dict[str, Any]


class BadRequest(Refusal):
    """The request is not understood."""

    code = "bad_request"
    status = 400


class Arguments:
    """The arguments of an intent, taken out one by one with their types checked."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw

    def integer(self, name: str, *, low: int = 1, high: int = 2**63 - 1) -> int:
        value = self._raw.get(name)
        # bool is an int in Python; `true` is no number.
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise BadRequest(f"{name} must be a whole number from {low} to {high}", field=name)
        return value

    def optional_integer(self, name: str) -> int | None:
        return None if self._raw.get(name) is None else self.integer(name)

    def text(self, name: str, *, limit: int) -> str:
        value = self._raw.get(name, "")
        if not isinstance(value, str) or len(value) > limit or "\0" in value:
            raise BadRequest(f"{name} must be a text of at most {limit} characters", field=name)
        return value

    def moment(self, name: str) -> datetime:
        """As JSON has it, with its distance from UTC: 2026-11-24T15:00:00Z."""
        try:
            found = datetime.fromisoformat(self.text(name, limit=40))
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise BadRequest(f"{name} must be a moment like 2026-11-24T15:00:00Z", field=name)
        return found

    def flag(self, name: str) -> bool:
        value = self._raw.get(name)
        if not isinstance(value, bool):
            raise BadRequest(f"{name} must be true or false", field=name)
        return value


def perform(user: AbstractBaseUser, key: uuid.UUID, op: str, work: Callable[[], None]) -> Answer:
    """Do `work` unless this intent was already carried out; return what was answered.

    A second transaction with the same id waits at the primary key until the first has ended, so two
    copies that arrive at once do the work once.

    :raises NotAllowed: if the id belongs to another user's intent.
    """
    with transaction.atomic():
        intent, fresh = Intent.objects.get_or_create(key=key, defaults={"user_id": user.pk, "op": op})
        if intent.user_id != user.pk:
            raise NotAllowed("this request id belongs to somebody else")
        if fresh:
            intent.answer = _answer(work)
            intent.save(update_fields=["answer"])
        answer: Answer = intent.answer
        return answer


def _answer(work: Callable[[], None]) -> Answer:
    try:
        # A savepoint: a refusal undoes what was half done, and is itself remembered.
        with transaction.atomic():
            work()
    except Refusal as refusal:
        return {"ok": False, "error": refusal.as_dict()}
    return {"ok": True}
