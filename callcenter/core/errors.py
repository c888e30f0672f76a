"""Refusals: errors that a person or a program may be told about."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """This is not possible now.

    The docstring of a subclass is the message that people read; `code` is stable and part of the
    interfaces (REST problem+json, socket errors). Caught once, at the edge of the system.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409

    def __init__(self, detail: str = "", *, field: str = "") -> None:
        self.detail = detail or self.message
        self.field = field
        super().__init__(self.detail)

    @property
    def message(self) -> str:
        return (type(self).__doc__ or "").strip().splitlines()[0]

    def as_dict(self) -> dict[str, str]:
        found = {"code": self.code, "message": self.message, "detail": self.detail}
        return {**found, "field": self.field} if self.field else found


class NotAllowed(Refusal):
    """Your role does not allow this."""

    code = "not_allowed"
    status = 403


class NotFound(Refusal):
    """It does not exist, or not any more."""

    code = "not_found"
    status = 404
