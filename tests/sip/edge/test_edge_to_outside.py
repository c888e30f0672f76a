"""A call process calls a provider through the edge: real edge, real SIP stack, real audio."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from callcenter.core import sealed
from telephony.models import DialRule, Trunk
from telephony.services import outbound
from tests.db import cast
from tests.process.subject import Subject
from tests.sip.edge.kit import Company, Edge, running_edge
from tests.sip.harness import tones
from tests.sip.harness.fleet import Fleet, Takes
from tests.sip.harness.provider import Provider
from tests.sip.harness.stack import Stack
from tests.until import until

NUMBER = "+493012345678"
serial = itertools.count(1)


@pytest.fixture(scope="module")
def edge(company: Company, database: Stack) -> Iterator[Edge]:
    with running_edge(database.environment, SECRET_KEY=settings.SECRET_KEY) as running_:
        yield running_


@pytest.fixture
def fleet(edge: Edge) -> Iterator[Fleet]:
    with Fleet(edge=edge.address) as made:
        yield made


@pytest.fixture
def subject(edge: Edge) -> Iterator[Subject]:
    with Subject(edge=f"{edge.address[0]}:{edge.address[1]}") as made:
        edge.tell(op="process", port=made.port)
        yield made


def reach(edge: Edge, provider: Provider, **fields: Any) -> str:
    """A trunk to this provider; the URI of a call that has leave."""
    given = {"host": provider.host, "port": provider.port, "allowed_prefixes": "+49", "caller_id": "+4940555555"} | fields
    trunk = Trunk.objects.create(name=f"provider{next(serial)}", **given)
    DialRule.objects.all().delete()
    DialRule.objects.create(trunk=trunk, prefix="+49")
    return outbound.permit(cast.arrive().pk, NUMBER, purpose="callback").uri(f"{edge.address[0]}:{edge.address[1]}")


def talks(subject: Subject, edge: Edge, provider: Provider, tmp_path: Path, **trunk: Any) -> int:
    leg = int(subject.call_outside(reach(edge, provider, **trunk)))
    subject.fact("LegAnswered", leg=leg)
    subject.play_music(leg, [str(tones.write_wav(tmp_path / "tone.wav", tones.tone(300)))])
    until(lambda: provider.calls[-1].hears(300), what="the provider to hear us")
    until(lambda: subject.quality(leg)["rx_packets"] > 20, what="us to get the provider's audio")
    return leg


def test_a_provider_that_knows_us_by_address(subject: Subject, edge: Edge, fleet: Fleet, tmp_path: Path) -> None:
    provider = Provider.join(fleet)
    leg = talks(subject, edge, provider, tmp_path)
    [invite] = provider.invites
    assert invite.start.split()[1] == f"sip:{NUMBER}@{provider.host}:{provider.port}"
    assert "+4940555555" in invite.get("from")
    assert "out-" not in invite.encode().decode()
    provider.calls[-1].hang_up()
    assert subject.fact("LegEnded", leg=leg)["by_peer"]


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_provider_that_asks_for_a_password(subject: Subject, edge: Edge, fleet: Fleet, tmp_path: Path, algorithm: str) -> None:
    provider = Provider.join(fleet, secret=("site", "open sesame"), algorithm=algorithm)
    leg = talks(subject, edge, provider, tmp_path, auth_username="site", auth_secret=sealed.seal("open sesame"))
    assert provider.challenged == ["INVITE"]
    subject.hang_up(leg)
    until(lambda: provider.calls[-1].over, what="the BYE to be believed")


def test_a_wrong_password_ends_the_call_with_the_providers_word(subject: Subject, edge: Edge, fleet: Fleet) -> None:
    provider = Provider.join(fleet, secret=("site", "open sesame"))
    leg = subject.call_outside(reach(edge, provider, auth_username="site", auth_secret=sealed.seal("wrong")))
    assert subject.fact("LegEnded", leg=leg)["status"] == 407
    assert provider.invites == []


@pytest.mark.parametrize("status", [486, 404, 603])
def test_a_number_that_is_not_reached_says_why(subject: Subject, edge: Edge, fleet: Fleet, status: int) -> None:
    provider = Provider.join(fleet, takes=Takes(answer_after=0.1, status=status))
    leg = subject.call_outside(reach(edge, provider))
    subject.fact("LegRinging", leg=leg)
    ended = subject.fact("LegEnded", leg=leg)
    assert (ended["status"], ended["by_peer"]) == (status, True)


def test_a_ringing_phone_is_cancelled(subject: Subject, edge: Edge, fleet: Fleet) -> None:
    provider = Provider.join(fleet, takes=Takes(), secret=("site", "s"))
    leg = subject.call_outside(reach(edge, provider, auth_username="site", auth_secret=sealed.seal("s")))
    subject.fact("LegRinging", leg=leg)
    subject.hang_up(leg)
    until(lambda: provider.calls[-1].over, what="the CANCEL")
    assert not subject.fact("LegEnded", leg=leg)["by_peer"]


def test_a_killed_process_stops_the_phone_that_it_dialled(edge: Edge, fleet: Fleet) -> None:
    provider = Provider.join(fleet, takes=Takes())
    with Subject(edge=f"{edge.address[0]}:{edge.address[1]}") as subject:
        edge.tell(op="process", port=subject.port)
        leg = subject.call_outside(reach(edge, provider))
        subject.fact("LegRinging", leg=leg)
        subject.process.kill()
        subject.process.wait()
        edge.tell(op="gone", port=subject.port)
        until(lambda: provider.calls[-1].over, what="the edge's CANCEL")


def test_a_killed_edge_does_not_disturb_a_call(subject: Subject, edge: Edge, fleet: Fleet, tmp_path: Path) -> None:
    provider = Provider.join(fleet, secret=("site", "s"))
    leg = talks(subject, edge, provider, tmp_path, auth_username="site", auth_secret=sealed.seal("s"))
    edge.kill()
    edge.start()
    edge.tell(op="process", port=subject.port)
    subject.hang_up(leg)
    until(lambda: provider.calls[-1].over, what="the BYE through the new edge")


def test_a_trunk_that_wants_it_is_registered_and_the_rows_tell(edge: Edge, fleet: Fleet) -> None:
    provider = Provider.join(fleet, secret=("site", "s"), algorithm="SHA-256")
    trunk = Trunk.objects.create(
        name="registers", host=provider.host, port=provider.port, registers=True, auth_username="site", auth_secret=sealed.seal("s")
    )
    edge.tell(op="reload")
    until(lambda: Trunk.objects.get(pk=trunk.pk).registered_at, within=8, what="the registration to be known")
    assert provider.registered == [f"<sip:site@{edge.address[0]}:{edge.address[1]}>"]
    assert provider.challenged == ["REGISTER"]
    trunk.delete()
