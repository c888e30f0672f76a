"""What the page of a prompt shows beside its fields: the recordings, one card for each language."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass, field
from typing import Any

from django.conf.locale import LANG_INFO
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from callcenter.core import audio, naming, usage
from callcenter.core.errors import Refusal
from callcenter.core.words import span

from .. import languages, speech
from ..models import Prompt, Recording, Source
from ..prompts import services

EARLIER_SHOWN = 5
ACCEPTED = "audio/*,.alaw,.al,.ulaw,.ul,.opus"


class Module:
    """A script of the page that is a module, as the other screens' are; Django's media know plain scripts only."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __html__(self) -> SafeString:
        return format_html('<script type="module" src="{}"></script>', static(self.path))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Module) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)


@dataclass
class Card:
    """One language of a prompt."""

    tag: str
    label: str
    text: str
    present: Recording | None = None
    earlier: list[Recording] = field(default_factory=list)

    @property
    def level(self) -> str:
        """What the conversion did to the loudness of the original."""
        found = self.present
        if found is None or found.loudness is None or found.source == Source.SPEECH:
            return ""
        change = audio.SPEECH_LUFS - found.loudness
        done = f"raised by {change:.0f} dB" if change > 0.5 else f"lowered by {-change:.0f} dB" if change < -0.5 else "left as it was"
        return f"{found.loudness:.0f} LUFS, {done}"

    @property
    def length(self) -> str:
        seconds = self.present.seconds if self.present else None
        return "" if seconds is None else f"{seconds:.1f} s" if seconds < 60 else span(seconds)


def context(prompt: Prompt) -> dict[str, Any]:
    rows = list(prompt.recordings.all())
    cards = _cards(prompt, rows)
    actors = naming.in_words({row.made_by for row in rows if row.made_by})
    for row in rows:
        row.maker = actors.get(row.made_by, "")  # type: ignore[attr-defined]
    return {
        "cards": cards,
        "usages": usage.of("prompt", prompt.slug),
        "voices": voices(),
        "engine": speech.engine().name,
        "accepted": ACCEPTED,
        "longest": span(audio.PROMPT_SECONDS),
    }


def _cards(prompt: Prompt, rows: list[Recording]) -> list[Card]:
    """The default language first."""
    cards: dict[str, Card] = {}
    for row in rows:
        card = cards.setdefault(row.language, Card(row.language, languages.label(row.language), ""))
        if row.retired_at is None:
            with contextlib.suppress(Refusal):  # shown all the same: the page is where it is mended
                services.measure(row)
            card.present, card.text = row, row.text if row.source != Source.COMPUTED else ""
        elif len(card.earlier) < EARLIER_SHOWN:
            card.earlier.append(row)
    return sorted(cards.values(), key=lambda card: (card.tag != prompt.language, card.label))


def voices() -> list[tuple[str, str]]:
    return _voices(speech.engine())


@functools.cache  # asking for a hundred voices takes as long as the rest of the page
def _voices(engine: speech.SpeechEngine) -> list[tuple[str, str]]:
    """Languages that the site can name and the engine can speak."""
    names = {languages.normal(tag): str(info["name"]) for tag, info in LANG_INFO.items() if "name" in info and languages.FORM.match(tag)}
    return sorted((pair for pair in names.items() if engine.speaks(pair[0])), key=lambda pair: pair[1])
