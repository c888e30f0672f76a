"""`manage.py check_invariants`: is everything true that must be true of calls, agents and offers?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from queues import invariants


class Command(BaseCommand):
    help = "Looks for rows that contradict each other. Changes nothing; exit status 1 if any is found."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--explain", action="store_true", help="print what is checked and leave")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["explain"]:
            for one in invariants.ALWAYS + invariants.AT_REST:
                self.stdout.write(f"{one.name}: {one.meaning}")
            return
        found = invariants.broken()
        for row in found:
            self.stderr.write(str(row))
        if found:
            raise CommandError(f"{len(found)} rows contradict each other.")
        self.stdout.write("All invariants hold.")
