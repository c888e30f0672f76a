"""`manage.py telephony`: one telephony node."""

from __future__ import annotations

import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from callcenter import heap
from telephony.node import Node


class Command(BaseCommand):
    help = "Runs a telephony node: SIP edge, call processes, sweep. SIGTERM drains it, SIGINT stops it."

    def handle(self, *args: Any, **options: Any) -> None:
        heap.settle()
        asyncio.run(_run())


async def _run() -> None:
    await Node(settings.NODE_NAME).run()
