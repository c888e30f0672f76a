"""Several people who record the same prompt at the same instant: one is heard, nobody's work is lost."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from ivr import prompts
from ivr.models import Prompt, Recording
from ivr.prompts import refusals, services
from tests.unit.sounds import encoded, tone

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 4


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"


def at_once(work: Any) -> None:
    barrier = Barrier(AT_ONCE)

    def run(number: int) -> None:
        try:
            barrier.wait(30)
            work(number)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_of_several_at_once_one_is_heard_and_the_others_can_be_restored() -> None:
    prompt = Prompt.objects.create(slug="hello", name="Hello")
    sounds = [encoded(tone(300 + 100 * number), 16000) for number in range(AT_ONCE)]
    at_once(lambda number: services.record(prompt.pk, "en", sounds[number], "a.wav", actor=f"user:{number}"))
    assert Recording.objects.filter(prompt=prompt).count() == AT_ONCE
    assert Recording.objects.filter(prompt=prompt, retired_at=None).count() == 1
    assert len(prompts.resolve({"prompt": "hello"})) == 1


def test_a_code_that_is_entered_by_several_at_once_makes_one_recording(tmp_path: Path) -> None:
    prompt = Prompt.objects.create(slug="hello", name="Hello")
    voice = tmp_path / "voice.wav"
    voice.write_bytes(encoded(tone(), 16000).getvalue())
    code = prompts.start_recording(prompt, "de", actor="user:1")
    refused: list[int] = []

    def store(number: int) -> None:
        try:
            prompts.store_recording(code, voice)
        except refusals.NoSuchCode:
            refused.append(number)

    at_once(store)
    assert len(refused) == AT_ONCE - 1
    assert Recording.objects.filter(prompt=prompt).count() == 1
    assert len(list((tmp_path / "media" / "prompts").iterdir())) == 1
