"""What leading a caller through a flow takes, gathered once at the start; and what a flow asks on the way. In the clerk's process."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import structlog
from django.db import connection

import ivr.services
from agents.models import Agent
from callcenter.core.errors import NotFound
from ivr import asking, rules
from ivr.flow import document, sounds
from ivr.flow.complaints import FlowError
from ivr.flow.words import Sound
from ivr.models import FlowVersion
from ivr.prompts import resolve
from queues import services as acd
from queues.defaults import DIRECT
from queues.hours_reading import hours_by_slug
from queues.models import Queue
from queues.standing import standing

from .ports import CallerArrived
from .records import FlowStart

log = structlog.get_logger(__name__)

FRESH_SECONDS = 5.0
"""So long the files of a version's prompts are taken for those that they were: a new recording is heard by callers soon after."""
ASKERS = 32
"""Web services that one clerk asks at the same time. Further ones wait, and their callers take the exit for failures in time."""

_askers = ThreadPoolExecutor(ASKERS, thread_name_prefix="web")


def start_of(version_id: int, caller: CallerArrived) -> FlowStart:
    """
    :raises FlowVersion.DoesNotExist: there is no such version.
    """
    facts = {"number": caller.caller_number, "name": caller.caller_name, **acd.facts_of(caller.caller_number)}
    return FlowStart(version_id, _document(version_id), facts, caller.dialled, _sounds(version_id))


def title_of(version_id: int) -> str:
    """The version as people call it."""
    return str(FlowVersion.objects.select_related("flow").get(pk=version_id))


@functools.lru_cache(maxsize=50)
def _document(version_id: int) -> dict[str, Any]:
    """A version never changes."""
    found: dict[str, Any] = FlowVersion.objects.values_list("document", flat=True).get(pk=version_id)
    return found


_heard: dict[int, tuple[float, dict[str, list[str]]]] = {}


def _sounds(version_id: int) -> dict[str, list[str]]:
    read_at, known = _heard.get(version_id, (0.0, {}))
    if not known or time.monotonic() > read_at + FRESH_SECONDS:
        known = sounds_of(_document(version_id))
        _heard[version_id] = (time.monotonic(), known)
    return known


def sounds_of(flow: dict[str, Any]) -> dict[str, list[str]]:
    """The files of every sound that is the same for all callers. What cannot be had is left out: the flow goes on without it."""
    try:
        wanted = sounds.statics_of(document.read(flow))
    except FlowError:
        return {}
    return {sound.key: paths for sound in wanted if (paths := files_of(sound))}


def files_of(sound: Sound) -> list[str]:
    reference = {"prompt": sound.prompt} if sound.prompt else {"say": {sound.language: sound.text}}
    try:
        return [str(path) for path in resolve(reference, sound.language)]
    except Exception as error:  # a language nobody speaks, a full disk: the caller must get on
        log.error("a sound of a flow cannot be had", prompt=sound.prompt, language=sound.language, error=type(error).__name__)
        return []


# ---- questions on the way ---------------------------------------------------------------------------------------------
Answer = Callable[[dict[str, Any] | None], None]


def ask(what: str, data: dict[str, Any], caller: CallerArrived, answer: Answer) -> None:
    """Answer now, or from another thread when a web service has.

    :raises django.db.Error: the database is away.
    """
    if what == "web":
        request = asking.request_for(data)
        if request is None:
            answer(None)
        else:
            _askers.submit(_fetch, request, answer)
    else:
        answer(QUESTIONS[what](data, caller))


def _fetch(request: Any, answer: Answer) -> None:
    try:
        answer(asking.answer_of(request))
    except Exception:
        log.exception("asking a web service failed")
        answer(None)
    finally:
        connection.close()


def _queues(data: dict[str, Any], caller: CallerArrived) -> dict[str, Any]:
    return standing(data["slugs"])


def _hours(data: dict[str, Any], caller: CallerArrived) -> dict[str, Any] | None:
    """How it stands by a schedule's stable name; nobody can say if it is gone."""
    try:
        hours = hours_by_slug(data["schedule"])
    except NotFound:
        return None
    return {"state": str(hours.kind), "name": hours.name}


def _rule(data: dict[str, Any], caller: CallerArrived) -> dict[str, Any] | None:
    """As it is now; nobody can say if it is gone."""
    return rules.told([data["rule"]]).get(data["rule"])


def _speak(data: dict[str, Any], caller: CallerArrived) -> dict[str, Any]:
    spoken = [Sound(text=text, language=language) for text, language in data["texts"]]
    return {sound.key: files_of(sound) for sound in spoken}


def _flow(data: dict[str, Any], caller: CallerArrived) -> dict[str, Any] | None:
    version = ivr.services.published(data["flow"])
    return asdict(start_of(version, caller)) if version else None


QUESTIONS: dict[str, Callable[[dict[str, Any], CallerArrived], dict[str, Any] | None]] = {
    "queues": _queues, "hours": _hours, "rule": _rule, "speak": _speak, "flow": _flow,
}  # fmt: skip


# ---- out of the flow ------------------------------------------------------------------------------------------------------
def place_of(target: dict[str, Any], otherwise: int) -> tuple[int, int | None]:
    """The queue, and the agent who alone may take the call, that a flow gives the caller to.

    :param otherwise: the queue for callers whom the flow cannot lead on: what it names may be gone since it was published.
    """
    if target["to"] == "agent":
        agent = Agent.objects.filter(extension=target["extension"], active=True).values_list("pk", flat=True).first()
        direct = Queue.objects.filter(slug=DIRECT).values_list("pk", flat=True).first()
        return (direct, agent) if agent and direct else (otherwise, None)
    found = Queue.objects.filter(slug=target["queue"]).values_list("pk", flat=True).first()
    return found or otherwise, None
