"""Mean opinion score by the E-model, against values worked out by hand from G.107."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from telephony.pjsua.quality import Stretch, counted, mos, rated


@pytest.mark.parametrize(
    ("loss", "expected"), [(0, 4.41), (1, 4.33), (2, 4.24), (5, 3.93), (7.4, 3.66), (10, 3.41), (20, 2.63), (100, 1.18)]
)
def test_mos__falls_with_loss(loss: float, expected: float) -> None:
    assert mos(loss_percent=loss, one_way_delay_ms=0) == pytest.approx(expected, abs=0.02)


def test_mos__falls_slowly_with_delay_until_177_ms_and_fast_after() -> None:
    values = [mos(loss_percent=0, one_way_delay_ms=delay) for delay in (0, 100, 177, 250, 400, 800)]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[2] < 0.15 < values[2] - values[4]
    assert min(values) >= 1.0


def test_rated__good_line() -> None:
    quality = rated("PCMA", Stretch(received=1000, sent=900, jitter_ms=0.5))
    assert (quality.loss_percent, quality.jitter_ms, quality.rtt_ms) == (0, 0.5, None)
    assert quality.mos == pytest.approx(4.37, abs=0.02)


def test_rated__loss_is_a_share_of_what_was_sent_to_us() -> None:
    quality = rated("PCMA", Stretch(received=950, lost=50, rtt_ms=80))
    assert (quality.loss_percent, quality.rtt_ms) == (5, 80)


def test_rated__without_a_packet_there_is_nothing_to_rate() -> None:
    quality = rated("PCMU", Stretch(sent=900))
    assert (quality.rx_packets, quality.tx_packets, quality.mos, quality.loss_percent) == (0, 900, None, None)


def test_stretches__add_up_weighted_by_their_packets() -> None:
    whole = Stretch(300, 310, 3, jitter_ms=1.0, rtt_ms=20, reports=2) + Stretch(100, 90, 1, jitter_ms=5.0, reports=1)
    assert whole == Stretch(400, 400, 4, jitter_ms=2.0, rtt_ms=20, reports=3)


def test_counted__reads_the_units_of_the_library() -> None:
    receiving = SimpleNamespace(pkt=10, loss=2, jitterUsec=SimpleNamespace(mean=1500.0))
    rtcp = SimpleNamespace(rxStat=receiving, txStat=SimpleNamespace(pkt=9, updateCount=4), rttUsec=SimpleNamespace(n=1, mean=30_000))
    assert counted(SimpleNamespace(rtcp=rtcp)) == Stretch(10, 9, 2, 1.5, 30.0, 4)
