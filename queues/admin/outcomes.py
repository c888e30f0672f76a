"""What became of callbacks and of voicemail as pages, beside the lists of both: each number leads to exactly its rows there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse

from callcenter.core.figures import Bar, bars, columns

from .. import metrics
from ..board.links import listing
from ..models import Queue
from ..voicemail.access import boxes_for
from . import periods

if TYPE_CHECKING:
    from .periods import Period

Tile = tuple[Any, str, str, str]
"""What is shown, what it is, how it is meant, and the address of its rows."""

REASONS = {
    "no answer": "No answer", "busy": "Busy", "rejected": "Declined", "not reached": "Phone out of reach",
    "no such number": "No such number", "number_refused": "Number may not be called", "no_line": "No free line",
    "expired": "Nobody had time", "process lost": "Failure of ours", "lost": "Failure of ours", "": "Not known",
}  # fmt: skip
"""Why callbacks expired, in words; what else a call may end with is shown as it is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """
    :ivar one: the queue or box that alone is asked for.
    :ivar column: the date that the figures go by.
    :ivar scope: the field that holds the queue or box.
    """

    model: str
    column: str
    scope: str
    period: Period
    one: Model | None

    @property
    def days(self) -> int:
        return self.period.days

    @property
    def kept(self) -> str:
        """What stays in the address when another period is chosen."""
        return f"&of={self.one.pk}" if self.one else ""

    @property
    def where(self) -> dict[str, Any]:
        """For the functions of `metrics`."""
        return {"since": self.period.since, **({self.scope: self.one} if self.one else {})}

    def rows(self, figure: str = "", *, of: int | None = None, day: date | None = None, **more: Any) -> str:
        """Where the rows behind a figure are; of one queue or box, of one day."""
        first, after = periods.bounds(day) if day else (self.period.since, None)
        chosen = of or (self.one.pk if self.one else None)
        lookups = {
            "figure": figure or None, f"{self.column}__gte": first.isoformat(), f"{self.column}__lt": after.isoformat() if after else None,
            f"{self.scope}__id__exact": chosen, **more,
        }  # fmt: skip
        return listing(self.model, **{name: value for name, value in lookups.items() if value is not None})

    def tiles(self, counts: Mapping[str, int], shown: Iterable[tuple[str, str, str]]) -> list[Tile]:
        return [(counts[name], words, hint, self.rows(name)) for name, words, hint in shown]

    def chart(self, found: Mapping[date, tuple[int, float | None]]) -> list[Bar]:
        """A column for each day: how many, and per cent of them that are dark."""
        days = [(day, *found.get(day, (0, 0.0))) for day in self.period.drawn(found)]
        return columns((f"{day:%d %b}", value, self.rows(day=day), done or 0) for day, value, done in days)


@dataclass(frozen=True, slots=True)
class Row:
    """A queue or box in the table, with the addresses of its rows by the names of the counts."""

    one: Model
    figures: Any
    links: Mapping[str, str]


class WithFigures:
    """Mixed into the admin of a list: the page of its figures, and the button that leads there."""

    change_list_template: Any = "admin/figures/change_list.html"
    figures_template: ClassVar[str]

    def get_urls(self: Any) -> list[Any]:
        page = path("figures/", self.admin_site.admin_view(self.figures), name=f"queues_{self.opts.model_name}_figures")
        return [page, *super().get_urls()]  # type: ignore[misc]

    def figures(self: Any, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "media": self.media, "periods": periods.PERIODS,
            "list": listing(self.opts.model_name), **self.figures_context(request),
        }  # fmt: skip
        return TemplateResponse(request, self.figures_template, context)

    def changelist_view(self: Any, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        address = reverse(f"admin:queues_{self.opts.model_name}_figures")
        found: HttpResponse = super().changelist_view(request, {"figures_url": address, **(extra_context or {})})  # type: ignore[misc]
        return found


# ---- callbacks -------------------------------------------------------------------------------------------------
CALLBACK_TILES = (
    ("asked", "asked for", "By callers in line, in flows, and by supervisors for them."),
    ("reached", "reached", "The customer answered a call of ours and talked to an agent."),
    ("called_again", "called again", "The customer did not wait for us, called, and was answered."),
    ("expired", "expired", "Not reached in time, or not within the attempts."),
    ("cancelled", "cancelled", "Somebody took it back."),
    ("open", "open", "Still owed, or on the line at this moment."),
)


def of_callbacks(request: HttpRequest) -> dict[str, Any]:
    queues = Queue.objects.in_bulk()
    asked = Asked("callback", "requested_at", "queue", periods.asked(request), queues.get(_chosen(request)))
    total = metrics.callback_figures(**asked.where)
    by_queue = metrics.callbacks_by_queue(**asked.where)
    return {
        "title": "Figures of callbacks", "asked": asked, "total": total, "count": total.counts["asked"],
        "tiles": asked.tiles(total.counts, CALLBACK_TILES) + _quality(asked, total),
        "days": asked.chart({day: (one.counts["asked"], _of_asked(one)) for day, one in metrics.callbacks_by_day(**asked.where).items()}),
        "ends": bars((words, total.counts[name], asked.rows(name)) for name, words, _ in _shown(CALLBACK_TILES[1:], total.counts)),
        "reasons": bars(
            (REASONS.get(reason, reason), count, asked.rows("expired", last_result__exact=reason))
            for reason, count in metrics.expired_because(**asked.where).items()
        ),
        "rows": _table(asked, by_queue, queues, metrics.CALLBACK_COUNTS),
    }  # fmt: skip


def _of_asked(one: metrics.CallbackFigures) -> float | None:
    return metrics.share(one.counts["reached"], one.counts["asked"])


def _quality(asked: Asked, total: metrics.CallbackFigures) -> list[Tile]:
    return [
        (_percent(total.reach), "share reached", "Reached ÷ (reached + called again + expired).", asked.rows("reached")),
        (
            "–" if total.attempts is None else f"{total.attempts:.1f}", "attempts each",
            f"How often a customer who was reached had been called. At the first attempt: {total.counts['first_attempt']}.",
            asked.rows("reached"),
        ),
    ]  # fmt: skip


# ---- voicemail -------------------------------------------------------------------------------------------------
VOICEMAIL_TILES = (
    ("left", "messages left", "All of them, also those whose sound has been erased."),
    ("new", "new", "Nobody has heard them yet, or they were marked as new again."),
    ("heard", "heard", "Heard, and still in the box."),
    ("archived", "archived", "Done with, and kept."),
    ("deleted", "deleted", "Thrown away by somebody, or by age."),
    ("never_heard", "put away unheard", "Archived or deleted, by somebody or by age, without having been listened to."),
    ("called_back", "promised a callback", "One of us promised the caller a callback from the message."),
)


def of_voicemail(request: HttpRequest) -> dict[str, Any]:
    assert isinstance(request.user, User)
    boxes = boxes_for(request.user).in_bulk()
    asked = Asked("voicemailmessage", "left_at", "box", periods.asked(request), boxes.get(_chosen(request)))
    seen = {**asked.where, "box__in": list(boxes)}
    total = metrics.voicemail_figures(**seen)
    return {
        "title": "Figures of voicemail", "asked": asked, "total": total, "count": total.counts["left"],
        "tiles": asked.tiles(total.counts, VOICEMAIL_TILES) + _silent(request, asked),
        "days": asked.chart({day: (one.counts["left"], one.listened) for day, one in metrics.voicemail_by_day(**seen).items()}),
        "ends": bars((words, total.counts[name], asked.rows(name)) for name, words, _ in _shown(VOICEMAIL_TILES[1:5], total.counts)),
        "rows": _table(asked, metrics.voicemail_by_box(**seen), boxes, metrics.VOICEMAIL_COUNTS),
    }  # fmt: skip


def _silent(request: HttpRequest, asked: Asked) -> list[Tile]:
    """Of all boxes only: to which one callers were led is not known once the way out has been changed."""
    if asked.one or not request.user.has_perm("queues.view_call"):
        return []
    address = listing("call", figure="said_nothing", arrived_at__gte=asked.period.since.isoformat())
    hint = "Led to voicemail by a queue's way out, and ended without a message."
    return [(metrics.said_nothing(since=asked.period.since).count(), "said nothing", hint, address)]


# ---- both ------------------------------------------------------------------------------------------------------
def _chosen(request: HttpRequest) -> int:
    given = request.GET.get("of", "")
    return int(given) if given.isdecimal() and len(given) < 10 else 0


def _shown(tiles: Iterable[tuple[str, str, str]], counts: Mapping[str, int]) -> list[tuple[str, str, str]]:
    return [(name, words.capitalize(), hint) for name, words, hint in tiles if counts[name]]


def _table(asked: Asked, found: Mapping[int, Any], named: Mapping[int, Model], counts: Iterable[str]) -> list[Row]:
    rows = [Row(named[pk], one, {name: asked.rows(name, of=pk) for name in counts}) for pk, one in found.items() if pk in named]
    return sorted(rows, key=lambda row: str(row.one))


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} %"
