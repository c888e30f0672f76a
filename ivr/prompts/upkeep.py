"""What is cleared away: recordings that nobody plays any more, and files that nothing stands for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import timedelta

from django.core.files.storage import default_storage
from django.utils import timezone

from callcenter.core import soundfiles
from queues.models import Music as PieceOfMusic

from ..models import Recording, RecordingCode
from ..speech import SPOKEN
from .files import COMPUTED, RECORDED
from .services import ORIGINALS

EARLIER_KEPT = timedelta(days=30)
"""So long an earlier recording can be restored; and no call is as long."""
UNUSED_KEPT = timedelta(days=30)
"""Converted and spoken files are made again at need; what was not played for so long costs only room."""
STRAY_KEPT = timedelta(days=1)
"""A stored file without a row: its writer died or is about to write the row, or another file took its place."""
MUSIC = "music"
"""Folder of the queues' music in the storage."""
CODES_KEPT = timedelta(days=7)


def clean_up() -> int:
    """Delete what nothing uses any more; returns how many recordings went. May run twice or at the same time."""
    now = timezone.now()
    RecordingCode.objects.filter(expires_at__lt=now - CODES_KEPT).delete()
    gone = list(Recording.objects.filter(retired_at__lt=now - EARLIER_KEPT).values_list("pk", flat=True))
    Recording.objects.filter(pk__in=gone, retired_at__isnull=False).delete()
    _clear_strays(ORIGINALS, Recording.objects.exclude(original="").values_list("original", flat=True))
    _clear_strays(MUSIC, PieceOfMusic.objects.values_list("file", flat=True))
    for prefix in (RECORDED, SPOKEN, COMPUTED):
        soundfiles.clear(prefix, UNUSED_KEPT)
    return len(gone)


def _clear_strays(folder: str, named: Iterable[str]) -> None:
    """By looking which files have no row: also those whose row went with its prompt, or was never written."""
    try:
        _, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    oldest = timezone.now() - STRAY_KEPT
    known = set(named)  # read after the folder: a file of a row written meanwhile is young
    for name in (f"{folder}/{name}" for name in names):
        with contextlib.suppress(FileNotFoundError):
            if name not in known and default_storage.get_modified_time(name) < oldest:
                default_storage.delete(name)
