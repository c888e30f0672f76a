"""How well a leg sounded: figures of the RTP stream, and what a listener would say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..ports import Quality

R_BEST = 93.2
"""Transmission rating of G.107 with all parameters at their defaults, before delay and loss."""
BPL_G711 = 25.1
"""Robustness of G.711 with loss concealment against random loss (G.113 appendix I)."""
FIXED_DELAY_MS = 65
"""Packet of 20 ms, jitter buffer and the far end's sound card, as no figure of ours contains them.

The library's own jitter buffer figures do not serve: nobody drains the buffer of a caller who only listens to music.
"""


def mos(*, loss_percent: float, one_way_delay_ms: float) -> float:
    """Mean opinion score 1.0 to 4.5 by the E-model (ITU-T G.107, narrow band).

    0 % loss gives 4.40, 1 % 4.32, 5 % 3.93, 10 % 3.40. G.722 is rated on the same scale: what it gains in width does not show.
    """
    delay = 0.024 * one_way_delay_ms + 0.11 * max(0.0, one_way_delay_ms - 177.3)
    equipment = 95 * loss_percent / (loss_percent + BPL_G711)
    rating = min(100.0, max(0.0, R_BEST - delay - equipment))
    score = 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6
    return round(max(1.0, score), 2)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was counted of a leg's RTP. A re-INVITE ends one stream and begins another; their sum is the leg."""

    received: int = 0
    sent: int = 0
    lost: int = 0
    jitter_ms: float = 0.0
    rtt_ms: float | None = None
    reports: int = 0
    """Of the peer's RTCP, about what we sent."""

    @property
    def heard(self) -> int:
        """Grows as long as the peer lives: a phone that is muted may send no audio, but still tells how ours arrives."""
        return self.received + self.reports

    def __add__(self, later: Stretch) -> Stretch:
        received = self.received + later.received
        jitter = (self.jitter_ms * self.received + later.jitter_ms * later.received) / max(1, received)
        rtt = self.rtt_ms if later.rtt_ms is None else later.rtt_ms
        return Stretch(received, self.sent + later.sent, self.lost + later.lost, jitter, rtt, self.reports + later.reports)


def counted(statistics: Any) -> Stretch:
    """A stream so far, from a pjsua2 `StreamStat`. The round trip is None until the peer's RTCP told it."""
    rtcp = statistics.rtcp
    rtt = rtcp.rttUsec.mean / 1000 if rtcp.rttUsec.n else None
    jitter = rtcp.rxStat.jitterUsec.mean / 1000
    return Stretch(rtcp.rxStat.pkt, rtcp.txStat.pkt, rtcp.rxStat.loss, jitter, rtt, rtcp.txStat.updateCount)


def rated(codec: str, leg: Stretch) -> Quality:
    """The figures that are stored. Without a packet received there is nothing to rate."""
    if not leg.received:
        return Quality(codec=codec, tx_packets=leg.sent)
    loss = 100.0 * leg.lost / (leg.received + leg.lost)
    delay = FIXED_DELAY_MS + (leg.rtt_ms or 0) / 2 + 2 * leg.jitter_ms
    return Quality(
        codec=codec,
        rx_packets=leg.received,
        tx_packets=leg.sent,
        loss_percent=round(loss, 2),
        jitter_ms=round(leg.jitter_ms, 2),
        rtt_ms=None if leg.rtt_ms is None else round(leg.rtt_ms, 2),
        mos=mos(loss_percent=loss, one_way_delay_ms=delay),
    )
