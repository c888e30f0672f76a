"""One phone under test, the phones it talks to, and sounds to play."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sip.harness import tones
from tests.sip.harness.fleet import Fleet
from tests.sip.harness.phones import Bank

from .subject import Subject
from .wire import Wire


@pytest.fixture
def subject() -> Iterator[Subject]:
    with Subject() as made:
        yield made


@pytest.fixture
def bank() -> Iterator[Bank]:
    with Bank(edge="127.0.0.1:9") as made:
        yield made


@pytest.fixture
def fleet(subject: Subject) -> Iterator[Fleet]:
    """Light phones that send everything to the subject."""
    with Fleet(edge=subject.address) as made:
        yield made


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """Tones of one second by frequency, as files to play. They are whole periods: a loop of them is one tone."""
    folder = tmp_path_factory.mktemp("sounds")
    return {hertz: str(tones.write_wav(Path(folder) / f"{hertz}.wav", tones.tone(hertz))) for hertz in (300, 700, 1200)}


@pytest.fixture
def wire(subject: Subject) -> Iterator[Wire]:
    made = Wire(subject)
    yield made
    made.socket.close()
