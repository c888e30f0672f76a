"""From what a queue, a flow or a mailbox refers to, to files that its callers hear."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callcenter.core import soundfiles, sql
from callcenter.core.errors import Refusal

from .. import speech
from ..languages import NO_WORDS, fallbacks
from ..models import Source
from .files import Sounding, playable

log = logging.getLogger(__name__)

Reference = Mapping[str, Any] | str | Sequence[Any] | None
"""{"prompt": slug}, {"say": {language: text}}, {"say": text}, plain text, or a list of these one after the other."""

SOUNDINGS = """
SELECT p.slug, p.language, p.text, r.language, r.source, r.text, r.digest, r.original
FROM ivr_prompt p LEFT JOIN ivr_recording r ON r.prompt_id = p.id AND r.retired_at IS NULL
WHERE p.slug = ANY(%s) ORDER BY p.slug, r.language
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """A prompt as callers can hear it now."""

    slug: str
    language: str
    text: str
    recordings: dict[str, Sounding]

    def choices(self, language: str) -> Iterator[Sounding]:
        """Best first: de-AT, de, without words, the prompt's default, its text spoken, whatever there is."""
        for tag in dict.fromkeys((*fallbacks(language), NO_WORDS, *fallbacks(self.language))):
            if tag in self.recordings:
                yield self.recordings[tag]
        if self.text.strip():
            yield Sounding(self.language, Source.SPEECH, self.text, "", "")
        yield from self.recordings.values()

    def speaks(self, language: str) -> bool:
        """Whether callers hear it in this language, not in another instead."""
        if any(tag in self.recordings for tag in (*fallbacks(language), NO_WORDS)):
            return True
        return bool(self.text.strip()) and self.language in fallbacks(language)


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that a reference needs and that is not there."""

    what: str
    """The prompt's slug, or "text"."""
    language: str
    """Empty if it is missing in every language."""
    reason: str

    def __str__(self) -> str:
        return self.reason


def resolve(reference: Reference, language: str = "en", *, rate: int = soundfiles.TELEPHONE_RATE) -> list[Path]:
    """Files to play one after the other: in `language` if there is anything, else in what there is.

    Never raises for what is missing: a caller on the line is better served by another language, or by silence, than by
    a broken call. What was missing is in the log; `missing` tells beforehand.
    """
    pieces = list(_flat(reference))
    prompts = heard(_slugs(pieces))
    found = (_first_playable(_choices(piece, language, prompts), rate, _name(piece)) for piece in pieces)
    return [path for path in found if path]


def missing(reference: Reference, languages: Iterable[str]) -> list[Missing]:
    """What callers of these languages would not hear as meant; asked when something is published."""
    pieces = list(_flat(reference))
    prompts = heard(_slugs(pieces))
    wanted = list(languages)
    return [gap for piece in pieces for gap in _gaps(piece, wanted, prompts)]


def used(reference: Reference) -> set[str]:
    """Slugs of the prompts that a reference names, for registers of users."""
    return _slugs(_flat(reference))


def heard(slugs: Iterable[str]) -> dict[str, Heard]:
    """One query for them all; none for none. Slugs that do not exist are left out."""
    wanted = sorted(set(slugs))
    found: dict[str, Heard] = {}
    for slug, default, text, *recording in sql.rows(SOUNDINGS, [wanted]) if wanted else ():
        prompt = found.setdefault(slug, Heard(slug, default, text, {}))
        if recording[0] is not None:
            prompt.recordings[recording[0]] = Sounding(*recording)
    return found


def _flat(reference: Reference) -> Iterator[Mapping[str, Any]]:
    if not reference:
        return
    if isinstance(reference, str):
        yield {"say": reference}
    elif isinstance(reference, Mapping):
        yield reference
    else:
        for part in reference:
            yield from _flat(part)


def _slugs(pieces: Iterable[Mapping[str, Any]]) -> set[str]:
    return {str(piece["prompt"]) for piece in pieces if piece.get("prompt")}


def _name(piece: Mapping[str, Any]) -> str:
    """For the log: a text may hold what a caller said."""
    return f"prompt {piece['prompt']}" if piece.get("prompt") else "a text"


def _choices(piece: Mapping[str, Any], language: str, prompts: Mapping[str, Heard]) -> Iterator[Sounding]:
    if slug := piece.get("prompt"):
        if str(slug) in prompts:
            yield from prompts[str(slug)].choices(language)
        return
    texts = _texts(piece, language)
    for tag in dict.fromkeys((*fallbacks(language), "en", *texts)):
        if texts.get(tag, "").strip():
            yield Sounding(tag, Source.SPEECH, texts[tag], "", "")


def _texts(piece: Mapping[str, Any], language: str) -> dict[str, str]:
    """A text without a language is meant for the caller's, or for English where that has no voice."""
    said = piece.get("say")
    if isinstance(said, Mapping):
        return {str(tag): str(text) for tag, text in said.items()}
    return dict.fromkeys(("en", language), str(said)) if said else {}


def _first_playable(choices: Iterator[Sounding], rate: int, name: str) -> Path | None:
    for choice in choices:
        try:
            return playable(choice, rate)
        except (Refusal, OSError, KeyError) as error:
            log.warning("%s: not to be had in %s (%s)", name, choice.language, type(error).__name__)
    log.error("%s: nothing of it can be played", name)
    return None


def _gaps(piece: Mapping[str, Any], languages: Sequence[str], prompts: Mapping[str, Heard]) -> Iterator[Missing]:
    slug = piece.get("prompt")
    if slug:
        yield from _gaps_of_prompt(str(slug), languages, prompts.get(str(slug)))
    elif not piece.get("say"):
        yield Missing("text", "", "There is neither a prompt nor a text to be heard.")
    else:
        yield from _gaps_of_text(piece["say"], languages)


def _gaps_of_prompt(slug: str, languages: Sequence[str], prompt: Heard | None) -> Iterator[Missing]:
    if prompt is None:
        yield Missing(slug, "", f"There is no prompt “{slug}”. Create it, or choose another one.")
    elif not prompt.recordings and not prompt.text.strip():
        yield Missing(slug, "", f"The prompt “{slug}” has neither a recording nor a text.")
    else:
        for tag in languages:
            if not prompt.speaks(tag):
                yield Missing(slug, tag, f"The prompt “{slug}” has no recording in {tag}; callers would hear it in {prompt.language}.")


def _gaps_of_text(said: Any, languages: Sequence[str]) -> Iterator[Missing]:
    engine = speech.engine()
    for tag in languages:
        if isinstance(said, Mapping) and not any(str(said.get(part) or "").strip() for part in fallbacks(tag)):
            yield Missing("text", tag, f"There is no text in {tag}.")
        elif not engine.speaks(tag):
            yield Missing("text", tag, f"{engine.name} has no voice for {tag}. Use a prompt with a recording instead.")
