"""Figures of agents and teams: what they handled, and how their time was spent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum, Value
from django.db.models import DateTimeField as Moment
from django.db.models.functions import Coalesce, Greatest, Least
from django.utils import timezone

from agents.models import Agent, Team
from agents.states import AVAILABLE, BREAK, OFFLINE, ON_CALL, RINGING, WRAP_UP
from queues.models import AgentStatePeriod, Offer
from queues.states import MISSES, OfferOutcome

from .definitions import COUNTS, TALK, entries
from .queues import midnight, share

ON_CONTACT = (ON_CALL, WRAP_UP)
SPENT: dict[str, Q] = {
    "on_contact": Q(state__in=ON_CONTACT),
    "idle": Q(state=AVAILABLE),
    "ringing": Q(state=RINGING),
    "on_break": Q(state=BREAK),
    "logged_in": ~Q(state=OFFLINE),
}
"""Seconds by what the agent did. Parallel calls count once: the agent has one state at a time."""


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """An agent, or a team added up, since `since`. Times in seconds."""

    since: datetime | None = None
    answered: int = 0
    handled: int = 0
    talk: float = 0.0
    """Conversation, holds included."""
    hold: float = 0.0
    handling: float = 0.0
    """Talk, hold and wrap-up of the calls handled to the end."""
    accepted: int = 0
    missed: int = 0
    """Offers that the agent rejected, did not answer, or whose phone was busy or out of reach."""
    on_contact: float = 0.0
    idle: float = 0.0
    ringing: float = 0.0
    on_break: float = 0.0
    logged_in: float = 0.0

    @property
    def offers(self) -> int:
        """Offers that were the agent's to take: not those withdrawn, or taken by another."""
        return self.accepted + self.missed

    @property
    def aht(self) -> float | None:
        return self.handling / self.handled if self.handled else None

    @property
    def answer_rate(self) -> float | None:
        return share(self.accepted, self.offers)

    @property
    def occupancy(self) -> float | None:
        """On contact ÷ (on contact + idle); ringing is in neither."""
        return share(self.on_contact, self.on_contact + self.idle)

    @property
    def utilization(self) -> float | None:
        """On contact ÷ logged in."""
        return share(self.on_contact, self.logged_in)


def agent_figures(agent: Agent, since: datetime | None = None, until: datetime | None = None) -> AgentFigures:
    """One agent since the installation's midnight, or since a given moment."""
    return agents_figures([agent], since, until)[agent.pk]


def agents_figures(agents: Iterable[Agent], since: datetime | None = None, until: datetime | None = None) -> dict[int, AgentFigures]:
    """Many agents by id, in three queries."""
    chosen = [agent.pk for agent in agents]
    start = since or midnight(settings.TIME_ZONE)
    return _figures({pk: pk for pk in chosen}, start, until)


def team_figures(team: Team, since: datetime | None = None, until: datetime | None = None) -> AgentFigures:
    """The team's present agents, added up."""
    return teams_figures([team], since, until)[team.pk]


def teams_figures(teams: Iterable[Team], since: datetime | None = None, until: datetime | None = None) -> dict[int, AgentFigures]:
    """Many teams by id, in four queries."""
    start = since or midnight(settings.TIME_ZONE)
    idle = {team.pk: AgentFigures(since=start) for team in teams}
    team_of = dict(Agent.objects.filter(team__in=list(idle)).values_list("pk", "team"))
    return {**idle, **_figures(team_of, start, until)}


def periods(since: datetime, until: datetime | None = None) -> QuerySet[AgentStatePeriod]:
    """What agents did at any time in [since, until), those periods included that began before."""
    chosen = AgentStatePeriod.objects.exclude(ended_at__lte=since)
    return chosen.filter(began_at__lt=until) if until else chosen


def _figures(group_of: dict[int, int], since: datetime, until: datetime | None) -> dict[int, AgentFigures]:
    """Figures by group, of agents by the group they are counted in."""
    totals: dict[int, dict[str, Any]] = {group: defaultdict(float) for group in group_of.values()}
    for rows in (_handled(group_of, since, until), _offered(group_of, since, until), _spent(group_of, since, until)):
        for row in rows:
            group = totals[group_of[row["agent"]]]
            for name in row.keys() - {"agent"}:
                group[name] += _number(row[name])
    return {group: AgentFigures(since=since, **_typed(row)) for group, row in totals.items()}


def _number(value: timedelta | float | None) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else value or 0


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    counts = ("answered", "handled", "accepted", "missed")
    return {name: int(value) if name in counts else float(value) for name, value in row.items()}


def _handled(agents: Iterable[int], since: datetime, until: datetime | None) -> Iterable[Mapping[str, Any]]:
    chosen = entries(since=since, until=until, agent__in=list(agents)).order_by("agent").values("agent")
    return chosen.annotate(
        answered=Count("pk", filter=COUNTS["answered"]),
        handled=Count("pk", filter=COUNTS["handled"]),
        talk=Sum(TALK, filter=COUNTS["answered"]),
        hold=Sum("hold_seconds", filter=COUNTS["answered"]),
        handling=Sum("handling", filter=COUNTS["handled"]),
    ).values("agent", "answered", "handled", "talk", "hold", "handling")


def _offered(agents: Iterable[int], since: datetime, until: datetime | None) -> Iterable[Mapping[str, Any]]:
    chosen = Offer.objects.filter(agent__in=list(agents), opened_at__gte=since, **({"opened_at__lt": until} if until else {}))
    return (
        chosen.order_by("agent")
        .values("agent")
        .annotate(accepted=Count("pk", filter=Q(outcome=OfferOutcome.ACCEPTED)), missed=Count("pk", filter=Q(outcome__in=MISSES)))
    )


def _spent(agents: Iterable[int], since: datetime, until: datetime | None) -> Iterable[Mapping[str, Any]]:
    """Seconds in each kind of state, cut to [since, until); a period that lasts counts until now."""
    end = min(until or timezone.now(), timezone.now())
    now = Value(end, output_field=Moment())
    inside = Least(Coalesce(F("ended_at"), now), now) - Greatest(F("began_at"), Value(since, output_field=Moment()))
    chosen = periods(since, end).filter(agent__in=list(agents))
    sums = {name: Sum(inside, filter=condition) for name, condition in SPENT.items()}
    return chosen.order_by("agent").values("agent").annotate(**sums)
