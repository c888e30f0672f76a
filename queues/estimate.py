"""How long a caller at a given place in line will wait, as a range. Pure: no Django, no clock.

The model. A line moves by one place whenever somebody is answered, and by another whenever somebody ahead gives up.

* How often somebody is answered is asked of two witnesses. *Staffing*: the agents at work divided by the mean handling time.
  *Recent waits*: the gaps between answers of calls that were already waiting when the call before was answered, for then the
  line was never empty and the gap is what one place costs, with everything that slows agents down: other queues, ringing,
  breaks between calls. The interval taken is the geometric mean of both; with one witness, that one.
* How often somebody gives up: the recent abandonments divided by the recent seconds of waiting, for each caller ahead.
* So the caller at place n waits for n departures, the k-th of which takes on average 1 / (answers + (k − 1) × give-ups). A
  departure varies as handling times do; their variances add up.
* Uncertain is the interval itself as well: by the few calls it was learnt from, by the distance of the two witnesses, and
  by `DRIFT`, because the next half hour is never quite like the last. What is spread so is taken as log-normal.

The range announced leaves 10 % of that on either side, so that even where the model is wrong in a known way (agents who come
and go, rushes) four of five callers are answered within it; `bench/estimate.py` shows how many are. Time already waited does not enter:
while the caller waits the place gets better, and the range with it. With fewer than `FEWEST` calls to learn from there is no
estimate: silence is better than nonsense.

Where skills are asked for, a caller waits for some of the agents only, and some of the calls ahead are served by others: `queues.place`
says which part of the agents it is, and how many departures of theirs.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

FEWEST = 5
"""Handled calls, or gaps between answers, from which something may be learnt."""
LEARNT_FROM = 40
"""The latest calls that are looked at: enough to know the mean to about a sixth, few enough to follow the day."""
DRIFT = 0.15
"""Relative uncertainty of the interval from one half hour to the next, as a standard deviation."""
Z = 1.28
"""Quantile of the normal distribution that leaves 10 % on one side."""
WIDEST = 12.0
"""Highest over lowest; a wider range (after five minutes) tells the caller nothing."""
WIDE_FROM_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Stay:
    """One recent stay in the queue, in seconds on any one clock."""

    entered: float
    left: float
    handled: float | None = None
    """Talk, hold and wrap-up; None while it lasts, or if nobody answered."""
    answered: bool = True


@dataclass(frozen=True, slots=True)
class Range:
    """Seconds."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How the line moves: what `learn` found out, good for every place in it."""

    interval: float
    """Seconds from one answer to the next while somebody waits."""
    gives_up: float
    """Per waiting caller and second."""
    variation: float
    """Squared coefficient of variation of one departure."""
    doubt: float
    """Relative variance of the interval itself."""


def learn(stays: Sequence[Stay], agents: int) -> Pace | None:
    """
    :param stays: the latest, in any order; `LEARNT_FROM` of them are enough.
    :param agents: members of the queue who work now; breaks do not count.
    :returns: None if nobody works, or if there is too little to learn from.
    """
    handled = [stay.handled for stay in stays if stay.handled is not None]
    gaps = _gaps(stays)
    found = [
        _Witness.of([seconds / max(1, agents) for seconds in handled]),
        _Witness.of(gaps),
    ]
    heard = [witness for witness in found if witness]
    if agents < 1 or not heard:
        return None
    logs = [math.log(witness.interval) for witness in heard]
    apart = (logs[0] - logs[-1]) ** 2 / 4
    doubt = sum(witness.doubt for witness in heard) / len(heard) ** 2 + apart + DRIFT**2
    return Pace(math.exp(statistics.fmean(logs)), _gives_up(stays), _variation(handled, agents), doubt)


@dataclass(frozen=True, slots=True)
class _Witness:
    interval: float
    doubt: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> _Witness | None:
        """A mean says nothing of zeros: calls that were all over at once."""
        if len(seconds) < FEWEST or (mean := statistics.fmean(seconds)) <= 0:
            return None
        return cls(mean, statistics.pvariance(seconds, mean) / mean**2 / len(seconds))


def _gaps(stays: Sequence[Stay]) -> list[float]:
    """Between one answer and the next, where the next caller was in line already at the first."""
    answered = sorted((stay for stay in stays if stay.answered), key=lambda stay: (stay.left, stay.entered))
    return [later.left - earlier.left for earlier, later in pairwise(answered) if later.entered < earlier.left]


def _gives_up(stays: Sequence[Stay]) -> float:
    waited = sum(max(0.0, stay.left - stay.entered) for stay in stays)
    return sum(not stay.answered for stay in stays) / waited if waited > 0 else 0.0


def _variation(handled: Sequence[float], agents: int) -> float:
    """One agent's line varies as the handling times do; of many agents together the departures come as by chance."""
    if len(handled) < FEWEST:
        return 1.0
    own = statistics.pvariance(handled) / statistics.fmean(handled) ** 2 if statistics.fmean(handled) > 0 else 1.0
    return own / agents + 1.0 - 1.0 / agents


def expect(pace: Pace | None, place: float, share: float = 1.0) -> Range | None:
    """
    :param place: in line, 1 for the next; a call ahead that others are likely to take counts less than one.
    :param share: of the agents may serve this caller: the line moves so much slower. 0: none, and nobody knows how long it takes.
    :returns: None if nothing is known, or nothing that helps.
    """
    if pace is None or place < 1 or share <= 0:
        return None
    parts = [min(1, place - ahead) / (share / pace.interval + ahead * pace.gives_up) for ahead in range(math.ceil(place))]
    mean = sum(parts)
    spread = sum(part**2 for part in parts) * pace.variation / mean**2 + pace.doubt
    sigma = math.sqrt(math.log1p(spread))
    middle = math.log(mean) - sigma**2 / 2
    found = Range(math.exp(middle - Z * sigma), math.exp(middle + Z * sigma))
    return None if found.high > WIDE_FROM_SECONDS and found.high > WIDEST * found.low else found


def expected(stays: Sequence[Stay], agents: int, place: int) -> Range | None:
    return expect(learn(stays, agents), place)
