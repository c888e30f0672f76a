"""What callers of a voicemail box hear, as WAV files."""

from __future__ import annotations

import array
import contextlib
import functools
import math
import os
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path

import structlog
from django.conf import settings

from queues.models import VoicemailBox

from . import prompts
from .records import BoxProfile

log = structlog.get_logger(__name__)

RATE = 8000
TONE_HERTZ, TONE_SECONDS, TONE_LEVEL = 1000, 0.4, 0.3
FADE = RATE // 100
"""Samples in which the tone swells and fades: without it clicks."""

CHOICES = "choices"
TOO_SHORT = "too_short"
THANKS = "thanks"
GOODBYE = "goodbye"
FAILED = "failed"

WORDS: dict[str, dict[str, str]] = {
    "en": {
        CHOICES: "To hear your message, press 1. To record it again, press 2. To keep it, press 3, or hang up.",
        TOO_SHORT: "We did not hear you. Please speak after the tone.",
        THANKS: "Thank you. Your message is kept. Good-bye.",
        GOODBYE: "Good-bye.",
        FAILED: "We are sorry, we cannot record a message now. Please call again later. Good-bye.",
    },
    "de": {
        CHOICES: "Um Ihre Nachricht anzuhören, drücken Sie die 1. Um sie neu aufzunehmen, die 2. Zum Behalten die 3, oder legen Sie auf.",
        TOO_SHORT: "Wir haben Sie nicht gehört. Bitte sprechen Sie nach dem Ton.",
        THANKS: "Vielen Dank. Ihre Nachricht ist gespeichert. Auf Wiederhören.",
        GOODBYE: "Auf Wiederhören.",
        FAILED: "Es tut uns leid, wir können jetzt keine Nachricht aufnehmen. Bitte rufen Sie später wieder an. Auf Wiederhören.",
    },
    "fr": {
        CHOICES: "Pour écouter votre message, tapez 1. Pour le réenregistrer, tapez 2. Pour le garder, tapez 3 ou raccrochez.",
        TOO_SHORT: "Nous ne vous avons pas entendu. Veuillez parler après le signal sonore.",
        THANKS: "Merci. Votre message est enregistré. Au revoir.",
        GOODBYE: "Au revoir.",
        FAILED: "Désolés, nous ne pouvons pas enregistrer de message pour le moment. Veuillez rappeler plus tard. Au revoir.",
    },
    "es": {
        CHOICES: "Para escuchar su mensaje, pulse 1. Para grabarlo de nuevo, pulse 2. Para guardarlo, pulse 3 o cuelgue.",
        TOO_SHORT: "No le hemos oído. Por favor, hable después de la señal.",
        THANKS: "Gracias. Su mensaje está guardado. Adiós.",
        GOODBYE: "Adiós.",
        FAILED: "Lo sentimos, ahora no podemos grabar mensajes. Por favor, llame más tarde. Adiós.",
    },
}
"""What we say around a message, by the language of the box."""


def profile(box: VoicemailBox, recordings: str) -> BoxProfile:
    """:param recordings: what the paths of the recordings begin with."""
    language = box.language if box.language in WORDS else "en"
    said = {name: _spoken(text, language) for name, text in WORDS[language].items() if name != CHOICES or box.review}
    return BoxProfile(
        box=box.pk,
        recordings=recordings,
        tone=next(iter(_made(tone)), ""),
        max_seconds=box.max_seconds,
        silence_seconds=box.silence_seconds,
        min_seconds=box.min_seconds,
        greeting=(box.greeting_file.path,) if box.greeting_file else _spoken(box.greeting, language),
        **said,
    )


def _spoken(text: str, language: str) -> tuple[str, ...]:
    return _made(functools.partial(prompts.spoken, text, language)) if text.strip() else ()


def _made(make: Callable[[], Path]) -> tuple[str, ...]:
    """What cannot be made (the disk is full, there is nothing to say in "...") is left out: the caller must not wait for it in vain."""
    try:
        return (str(make()),)
    except Exception:
        log.exception("a prompt of voicemail cannot be made; it is left out")
        return ()


def tone() -> Path:
    """The tone after which callers speak. Made at the first call (3 ms)."""
    path = Path(settings.DATA_DIR) / "prompts" / "tone-1.wav"
    if not path.exists():
        _write(path, _samples())
    return path


def _samples() -> array.array[int]:
    count = round(TONE_SECONDS * RATE)
    step = 2 * math.pi * TONE_HERTZ / RATE
    swell = (min(1.0, place / FADE, (count - 1 - place) / FADE) for place in range(count))
    return array.array("h", (round(32767 * TONE_LEVEL * gain * math.sin(step * place)) for place, gain in enumerate(swell)))


def _write(path: Path, samples: array.array[int]) -> None:
    """Whoever opens `path` sees a whole file: two clerks may make it at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".wav")
    try:
        with os.fdopen(number, "wb") as file, wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE)
            sound.writeframes(samples.tobytes())
        os.chmod(name, 0o644)  # call processes read it, as somebody else where the node is root
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
