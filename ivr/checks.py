"""System checks of speech."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from .speech import SpeechError, engine

WANTED = ("name", "version", "speaks", "speak")


@register("ivr")
def speech_engine(app_configs: Any, **_: Any) -> Iterator[CheckMessage]:
    """E001: SPEECH_ENGINE is not there, or is no engine. What it needs besides is looked at before a deployment."""
    hint = "The built-in one is ivr.speech.espeak.Engine; one of yours has the methods of ivr.speech.engine.SpeechEngine."
    try:
        found = engine()
    except Exception as error:  # a class of the site's own: it may raise anything
        yield Error(f"SPEECH_ENGINE {settings.SPEECH_ENGINE!r} cannot be loaded: {error}.", hint=hint, id="ivr.E001")
        return
    if absent := [name for name in WANTED if not hasattr(found, name)]:
        yield Error(f"SPEECH_ENGINE {settings.SPEECH_ENGINE!r} has no {', '.join(absent)}.", hint=hint, id="ivr.E001")


@register("ivr", deploy=True)
def speech_engine_speaks(app_configs: Any, **_: Any) -> Iterator[CheckMessage]:
    """E002: the engine is there and says nothing."""
    try:
        engine().speak("one", "en")
    except (SpeechError, OSError) as error:
        hint = "Install the package again, or set SPEECH_ENGINE to another engine."
        yield Error(f"SPEECH_ENGINE {settings.SPEECH_ENGINE!r} cannot speak: {error}", hint=hint, id="ivr.E002")
    except (ImportError, AttributeError, TypeError):
        return  # E001 says it
