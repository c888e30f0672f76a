from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from callcenter.core import charts


class Command(BaseCommand):
    help = "Write docs/states/*.md from the state tables. With --check, only say whether they are up to date."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail if a page is not up to date.")
        parser.add_argument("--folder", type=Path, default=Path(settings.BASE_DIR) / "docs" / "states", help="Where the pages are.")

    def handle(self, *args: Any, check: bool, folder: Path, **options: Any) -> None:
        pages = {folder / f"{machine.name}.md": charts.page(machine) for machine in charts.machines()}
        stale = [path for path, text in pages.items() if not path.exists() or path.read_text() != text]
        if check and stale:
            raise CommandError(
                f"Not up to date: {', '.join(path.name for path in stale)}. Run manage.py state_charts and commit the result."
            )
        for path in stale:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(pages[path])
            self.stdout.write(f"wrote {path}")
