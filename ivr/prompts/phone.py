"""Recording by phone: the page of a prompt gives a code, a flow asks for it, records, and hands the file over."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from callcenter.core.errors import Refusal

from ..models import Prompt, Recording, RecordingCode, Source
from . import services
from .refusals import NoSuchCode

DIGITS = 6
VALID_FOR = timedelta(minutes=15)
"""Time to walk to a phone. Who guesses once a second all the while has a chance of one in a thousand."""
ATTEMPTS = 5
"""Two open codes that are alike are one in a million; five times in a row is a fault."""


def start_recording(prompt: Prompt, language: str, *, actor: str) -> str:
    """A code of six digits with which one recording can be made, once, within a quarter of an hour.

    It is shown now and kept nowhere.
    """
    tag = services.language_of(language)
    for _ in range(ATTEMPTS):
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        _forget_expired(code)
        try:
            with transaction.atomic():
                _offer(prompt, tag, code, actor)
            return code
        except IntegrityError:
            continue
    raise Refusal("No free code could be found. Try again.")


def find_recording(code: str) -> RecordingCode:
    """What an open code is for.

    :raises NoSuchCode: wrong, used, or expired; which of these is not said.
    """
    now = timezone.now()
    found = RecordingCode.objects.select_related("prompt").filter(digest=_digest(code), used_at__isnull=True, expires_at__gt=now).first()
    if found is None:
        raise NoSuchCode
    return found


def store_recording(code: str, path: Path | str) -> Recording:
    """Callers hear this file (WAV) from now on; the code is used up. The file itself is left to whoever recorded it.

    :raises NoSuchCode: wrong, used, or expired.
    :raises Unusable: silence or nothing in it; the code stays open for another try.
    """
    return store(find_recording(code), path)


def store(found: RecordingCode, path: Path | str) -> Recording:
    """`store_recording` for who has looked the code up before.

    :raises NoSuchCode: it was used meanwhile.
    :raises Unusable: silence or nothing in it; the code stays open for another try.
    """
    name = f"{found.prompt.slug}.wav"
    with Path(path).open("rb") as file:
        return services.record(found.prompt_id, found.language, file, name, source=Source.PHONE, actor=found.made_by, code=found)


def _offer(prompt: Prompt, language: str, code: str, actor: str) -> None:
    """One open code for a prompt and a language: a new one ends the old one."""
    now = timezone.now()
    RecordingCode.objects.filter(prompt=prompt, language=language, used_at__isnull=True).update(used_at=now, expires_at=now)
    RecordingCode.objects.create(prompt=prompt, language=language, digest=_digest(code), made_by=actor, expires_at=now + VALID_FOR)


def _forget_expired(code: str) -> None:
    RecordingCode.objects.filter(digest=_digest(code), used_at__isnull=True, expires_at__lte=timezone.now()).delete()


def _digest(code: str) -> str:
    """Keyed: six digits without a key would be found out from a copy of the table."""
    return salted_hmac("ivr.recording_code", code, algorithm="sha256").hexdigest()
