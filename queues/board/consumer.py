"""The socket of the supervisor's board."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.auth.models import User

from callcenter.core.errors import NotAllowed
from callcenter.core.relay import BOARD
from callcenter.core.roles import AUDITOR, MANAGER, SUPERVISOR, has_role
from callcenter.core.websocket import LiveConsumer, Operation

from .intents import BoardIntents
from .snapshot import board_snapshot


class BoardConsumer(LiveConsumer):
    reread_seconds: ClassVar[float] = 2.0
    spacing_seconds: ClassVar[float] = 0.1

    def admit(self, user: User) -> None:
        if not has_role(user, SUPERVISOR, MANAGER, AUDITOR):
            raise NotAllowed("the board is for supervisors")
        self.user = user
        self.may_steer = has_role(user, SUPERVISOR, MANAGER)

    def read(self) -> dict[str, Any]:
        return board_snapshot(self.user, may_steer=self.may_steer)

    def groups_to_follow(self, data: dict[str, Any]) -> set[str]:
        return {BOARD}

    def operations(self) -> Mapping[str, Operation]:
        return BoardIntents(self.user).table() if self.may_steer else {}
