"""Voicemail boxes and messages with their sound, for tests of the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from queues import services
from queues.models import Call, Queue, VoicemailBox, VoicemailMessage
from queues.voicemail import files
from telephony import spool
from telephony.desk import Owner, RowDesk
from telephony.records import DeskFact
from telephony.services import recordings
from telephony.wishes import Wish

from . import cast

NODE = "n1"


def box(**fields: Any) -> VoicemailBox:
    n = next(cast.numbers)
    return VoicemailBox.objects.create(**({"name": f"Box {n}", "slug": f"box-{n}", "min_seconds": 1, "silence_seconds": 5} | fields))


def recorded(name: str, seconds: float = 4, *, header: bool = True) -> Path:
    """A file as a call process leaves it; without a header that fits, as one that died."""
    path = spool.folder(NODE) / name
    size = round(seconds * files.BYTES_PER_SECOND)
    path.write_bytes(files.header(size if header else 0) + b"\1\2" * (size // 2))
    return path


def message(where: VoicemailBox, **fields: Any) -> VoicemailMessage:
    n = next(cast.numbers)
    path = recorded(f"p{n}-b{where.pk}-1.wav", fields.pop("seconds", 4))
    made = recordings.keep(NODE, path, box=where.pk, call=None, seconds=4, ended_by="caller")
    VoicemailMessage.objects.filter(pk=made.pk).update(**fields)
    made.refresh_from_db()
    return made


def overflowed(queue: Queue) -> Call:
    """A call that the queue's way out has taken to the box."""
    call = cast.enqueue(queue)
    cast.age(call, 100)
    services.sweep("test")
    call.refresh_from_db()
    assert call.state == "ivr"
    return call


def queue_with_box(**fields: Any) -> tuple[Queue, VoicemailBox]:
    made = box(**fields)
    queue = cast.queue(max_wait=50)
    cast.way_out(queue, kind="voicemail", target=made.slug)
    return queue, made


class Clerk:
    """A desk as a clerk has it, and what it answered."""

    def __init__(self, call: Call) -> None:
        self.heard: list[DeskFact] = []
        self.process = call.process
        self.desk = RowDesk(Owner(NODE, call.process, 1, 5), self.heard.append)

    def wish(self, name: str, again: bool = False, **args: Any) -> None:
        self.desk.carry_out(Wish(1, name, args), again=again)
