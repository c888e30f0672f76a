from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand

from callcenter.core import soundfiles
from callcenter.core.errors import Refusal
from ivr import speech
from ivr.models import Recording
from ivr.prompts import services, system
from ivr.prompts.files import Sounding, playable


class Command(BaseCommand):
    help = (
        "Make the sound of every prompt on this machine ahead of time, so that no caller waits for the first one (a fifth of a second). "
        "Installs built-in prompts that are missing. May be run again and again, on every telephony node."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--wideband", action="store_true", help="Also with 16 kHz, as the administration plays them.")

    def handle(self, *args: Any, **options: Any) -> None:
        new = system.install(apps)
        rates = [soundfiles.TELEPHONE_RATE, *([soundfiles.WIDEBAND_RATE] if options["wideband"] else [])]
        rows = Recording.objects.filter(retired_at=None).select_related("prompt")
        failed = [row for row in rows if not self._make(row, rates)]
        made = f"{len(rows) - len(failed)} recordings can be played"
        self.stdout.write(f"{made}; {new} built-in prompts were new. Spoken by {speech.engine().name} {speech.engine().version}.")
        if failed:
            self.stderr.write(f"{len(failed)} cannot be played; callers hear another language or the prompt's text instead.")

    def _make(self, row: Recording, rates: list[int]) -> bool:
        try:
            services.measure(row)
            for rate in rates:
                playable(Sounding(row.language, row.source, row.text, row.digest, row.original.name or ""), rate)
        except (Refusal, OSError) as error:
            self.stderr.write(f"{row.prompt.slug} in {row.language}: {error}")
            return False
        return True
