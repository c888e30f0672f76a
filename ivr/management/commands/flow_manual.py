from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ivr.flow import manual


class Command(BaseCommand):
    help = "Write the kinds of steps into docs/flows.md. With --check, only say whether the page is up to date."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail if the page is not up to date.")
        parser.add_argument("--page", type=Path, default=Path(settings.BASE_DIR) / "docs" / "flows.md", help="Which page.")

    def handle(self, *args: Any, check: bool, page: Path, **options: Any) -> None:
        text = page.read_text()
        new = manual.with_kinds(text)
        if new == text:
            return
        if check:
            raise CommandError(f"{page.name} is not up to date. Run manage.py flow_manual and commit the result.")
        page.write_text(new)
        self.stdout.write(f"wrote {page}")
