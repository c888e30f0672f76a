"""Names of languages as BCP 47 has them (RFC 5646): de, de-AT, zh-Hant-TW."""

from __future__ import annotations

import re

NO_WORDS = "zxx"
"""ISO 639-2 for "no linguistic content": a beep or a jingle serves every language."""
FORM = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$")


def normal(tag: str) -> str:
    """`de_at` as `de-AT`.

    :raises ValueError: it names no language.
    """
    tag = tag.strip().replace("_", "-")
    if not FORM.match(tag):
        raise ValueError(f"“{tag[:20]}” is no language. Write it like en, de or de-AT.")
    first, *rest = tag.split("-")
    return "-".join([first.lower(), *(part.title() if len(part) == 4 else part.upper() for part in rest)])


def fallbacks(tag: str) -> tuple[str, ...]:
    """The language itself, then what it is a variant of: de-AT, de."""
    parts = tag.replace("_", "-").split("-")
    return tuple("-".join(parts[:length]) for length in range(len(parts), 0, -1))


def label(tag: str) -> str:
    """What people call it: German (AT)."""
    from django.utils.translation import get_language_info

    if tag == NO_WORDS:
        return "No words"
    base, _, variant = tag.partition("-")
    try:
        name = str(get_language_info(base)["name"])
    except KeyError:
        return tag
    return f"{name} ({variant})" if variant else name
