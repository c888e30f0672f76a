"""`manage.py relay`: tell live screens what happened."""

import asyncio
import contextlib
import signal
from typing import Any

from django.core.management.base import BaseCommand

from callcenter.core.relay import Relay


class Command(BaseCommand):
    help = "Follows the event log and hints to the live screens, through Redis, that they should look again."

    def handle(self, *args: Any, **options: Any) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._run())

    async def _run(self) -> None:
        task = asyncio.create_task(Relay().run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await task
