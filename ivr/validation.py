"""What a number must satisfy; every message names the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

from agents.models import Agent
from queues.defaults import DIRECT
from queues.models import Queue

from .flow import expressions
from .flow.complaints import BadValue

if TYPE_CHECKING:
    from .models import Number

HIGHEST_PRIORITY = 10


def check_number(number: Number) -> None:
    """Completes the queue of a number that leads to an agent.

    :raises ValidationError: with all complaints at once, each at its field.
    """
    from .models import Number as Numbers

    complaints: dict[str, str] = {}
    to_agent = number.target == Numbers.Target.AGENT
    if to_agent and number.queue is None:
        number.queue = Queue.objects.filter(slug=DIRECT).first()
    if to_agent and number.agent is None:
        complaints["agent"] = "Choose the agent whom the number reaches, or let it lead to a queue."
    if number.target == Numbers.Target.FLOW and number.flow is None:
        complaints["flow"] = "Choose the flow that callers are led through, or let the number lead to a queue."
    if number.queue is None:
        complaints["queue"] = "Choose the queue that takes the call."
    if number.priority > HIGHEST_PRIORITY:
        complaints["priority"] = f"Priorities go from 0 to {HIGHEST_PRIORITY}."
    owner = Agent.objects.filter(extension=number.number).first()
    if owner and not (to_agent and number.agent == owner):
        complaints["number"] = f"{number.number} is the extension of {owner}. Take another number, or give {owner} another extension first."
    if complaints:
        raise ValidationError(complaints)


def check_condition(source: str) -> None:
    """An expression whose queues all exist: it is not part of a flow, so nothing else looks at it before callers come.

    :raises ValidationError: where it is wrong, or which queue there is not.
    """
    try:
        expressions.check(source)
    except BadValue as bad:
        raise ValidationError(bad.message) from None
    named = expressions.queues_named(source)
    missing = sorted(named - set(Queue.objects.filter(slug__in=named).values_list("slug", flat=True))) if named else []
    if missing:
        raise ValidationError(f"There is no queue “{missing[0]}”. Choose another one, or create it first.")
