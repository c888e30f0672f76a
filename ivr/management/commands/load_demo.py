from __future__ import annotations

import logging
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ivr import demo

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Load the demo: users and agents with the password 'demo', queues and public numbers. May be run again and again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes-load-demo-passwords", action="store_true", help="Load it although DEBUG is off.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG and not options["yes_load_demo_passwords"]:
            raise CommandError(
                "The demo has well-known passwords and DEBUG is off. If this is a trial, "
                "start with DEBUG=1 or add --yes-load-demo-passwords."
            )
        first = demo.load()
        log.warning("DEMO PASSWORDS ARE IN USE: every demo user, phone and the superuser 'admin' has the password 'demo'")
        self.stdout.write("The demo is loaded." if first else "The demo was there already; what was missing has been added.")
