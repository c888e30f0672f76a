"""What callers of a voicemail box hear, as WAV files."""

from __future__ import annotations

from ivr.models import RecordingCode
from ivr.prompts import resolve
from ivr.prompts.system import BEEP
from queues.models import VoicemailBox

from . import prompts
from .records import BoxProfile

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


STUDIO = 10**15
"""Boxes with numbers from here on are no boxes: the rest is the number of a recording code. So the name of a file tells also of
a prompt what it is, and what a dead process left behind is not taken for a message."""
STUDIO_SECONDS, STUDIO_SILENCE, STUDIO_LEAST = 300, 5, 0.5


def studio(code: RecordingCode, recordings: str) -> BoxProfile:
    """What is heard by who records a prompt by phone. The recording can be heard, kept or made again."""

    def said(name: str) -> tuple[str, ...]:
        return tuple(map(str, resolve({"prompt": name}, code.language)))

    language = code.language.split("-")[0]
    words = WORDS[language if language in WORDS else "en"]
    return BoxProfile(
        box=STUDIO + code.pk,
        recordings=recordings,
        tone=str(next(iter(resolve({"prompt": BEEP}, code.language)), "")),
        max_seconds=STUDIO_SECONDS,
        silence_seconds=STUDIO_SILENCE,
        min_seconds=STUDIO_LEAST,
        greeting=said("record-after-tone"),
        choices=said("record-review"),
        too_short=said("message-too-short"),
        thanks=said("record-kept"),
        failed=prompts.heard(words[FAILED], language),
        only_if_told=True,
    )


def profile(box: VoicemailBox, recordings: str) -> BoxProfile:
    """What cannot be made (the disk is full, there is nothing to say in "...") is left out: the caller must not wait for it in vain.

    :param recordings: what the paths of the recordings begin with.
    """
    language = box.language if box.language in WORDS else "en"
    said = {name: prompts.heard(text, language) for name, text in WORDS[language].items() if name != CHOICES or box.review}
    return BoxProfile(
        box=box.pk,
        recordings=recordings,
        tone=str(next(iter(resolve({"prompt": BEEP}, language)), "")),
        max_seconds=box.max_seconds,
        silence_seconds=box.silence_seconds,
        min_seconds=box.min_seconds,
        greeting=(box.greeting_file.path,) if box.greeting_file else prompts.heard(box.greeting, language),
        choices=said.get(CHOICES, ()),
        too_short=said[TOO_SHORT],
        thanks=said[THANKS],
        goodbye=said[GOODBYE],
        failed=said[FAILED],
    )
