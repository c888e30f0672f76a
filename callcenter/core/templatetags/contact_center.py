"""Words for the templates of the admin: spans of time, chips, actors."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.safestring import SafeString

from callcenter.core import naming, words
from callcenter.core.machine import State

register = template.Library()


@register.filter
def span(seconds: float | None) -> str:
    return words.span(seconds)


@register.filter
def moment(at: datetime | None) -> SafeString:
    return words.moment(at)


@register.filter
def seconds(value: float | None) -> str:
    """With a tenth, where it matters how quick something was."""
    return "–" if value is None else f"{value:.1f} s"


@register.filter
def offset(value: float) -> str:
    """Time since the beginning, as a stop-watch shows it."""
    minutes, rest = divmod(max(value, 0.0), 60)
    return f"+{int(minutes)}:{rest:04.1f}"


@register.filter
def in_words(reference: str) -> str:
    return naming.in_words([reference])[reference]


@register.filter
def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} %"


@register.simple_tag
def state_chip(state: State) -> SafeString:
    return words.chip(state.label, state.colour, state.meaning)


@register.filter
def on_clock(moment: datetime, zone: str) -> str:
    """A moment as the clock of a timezone shows it, to the second where it is not a full minute."""
    here = moment.astimezone(ZoneInfo(zone))
    return f"{here:%a %Y-%m-%d %H:%M:%S}" if here.second else f"{here:%a %Y-%m-%d %H:%M}"
