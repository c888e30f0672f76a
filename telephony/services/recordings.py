"""Recordings become voicemail messages: when their process says so, or when it died and left them behind."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import structlog

from callcenter.core.errors import Refusal
from ivr.models import RecordingCode
from ivr.prompts import phone
from queues import services as acd
from queues.models import Call, VoicemailBox, VoicemailMessage
from queues.voicemail import files
from telephony import spool

log = structlog.get_logger(__name__)

QUIET_SECONDS = 3.0
"""Nothing writes into a recording that was left alone for so long; who writes, writes each quarter of a second."""
UNRECORDED_SECONDS = 600.0
"""So long a recording waits for the row of its call, which a clerk may still write: then it is kept without."""


def keep(node: str, path: Path, *, box: int, call: int | None, seconds: float, ended_by: str, partial: bool = False) -> VoicemailMessage:
    """Row first, then file: a recording that still lies in the node's folder is looked at again, whoever dies between.

    :raises files.NoRecording: there is none, and was none.
    """
    source = f"{node}/{path.name}"
    if not VoicemailMessage.objects.filter(source=source).exists():
        seconds = min(seconds, files.seconds_in(path))
    message = acd.keep_message(source, box_id=box, call_id=call, seconds=seconds, ended_by=ended_by, partial=partial)
    files.take(path, message)
    return message


def keep_prompt(path: Path, code_id: int, *, seconds: float) -> None:
    """What was recorded is the prompt from now on; its end, in which a key was pressed or nothing said, is cut off.

    :raises Refusal: the code was used meanwhile, or there is nothing to be heard; the file is gone then too.
    :raises files.NoRecording: it was taken before, or is none.
    """
    own = files.take_apart(path, seconds)
    try:
        phone.store(RecordingCode.objects.select_related("prompt").get(pk=code_id), own)
    finally:
        own.unlink(missing_ok=True)


def recover(node: str, alive: Collection[str]) -> int:
    """Keep what processes that died have left behind. Returns how many messages came of it.

    :param alive: processes that live, and will say themselves what becomes of their recordings.
    """
    return sum(_recover_safely(node, found) for found in spool.found(node) if found.process not in alive)


def _recover_safely(node: str, found: spool.Found) -> bool:
    """One file that cannot be had must not stop the node's clock, nor be tried again every two seconds."""
    try:
        return found.age >= QUIET_SECONDS and _recover(node, found)
    except FileNotFoundError:
        return False  # a clerk was faster
    except (OSError, files.NoRecording, Refusal) as error:
        log.error("a recording cannot be kept; its file is put aside", process=found.process, error=type(error).__name__)
        spool.put_aside(found.path)
        return False


def _recover(node: str, found: spool.Found) -> bool:
    """:raises files.NoRecording: it is none, or its box is gone."""
    call = Call.objects.filter(node=node, process=found.process).order_by("-pk").values_list("pk", flat=True).first()
    if call is None and found.age < UNRECORDED_SECONDS:
        return False
    box = VoicemailBox.objects.filter(pk=found.box).first()
    if box is None:
        raise files.NoRecording("Its box has been deleted.")
    seconds = files.seconds_in(found.path)
    if seconds < box.min_seconds:
        found.path.unlink()
        return False
    keep(node, found.path, box=box.pk, call=call, seconds=seconds, ended_by=VoicemailMessage.EndedBy.FAILURE, partial=True)
    log.warning("a recording whose process died is kept as a message", process=found.process)
    return True
