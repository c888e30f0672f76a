"""Reads about queues, calls and offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from .states import LIVE, WAITING, OfferOutcome

if TYPE_CHECKING:
    from .models import Call, Offer, Queue  # noqa: F401


class QueueQuerySet(models.QuerySet["Queue"]):
    def locked(self) -> Self:
        """Lock these queues in the order that every transaction uses; foreign-key checks do not wait for it."""
        return self.order_by("pk").select_for_update(no_key=True)


class CallQuerySet(models.QuerySet["Call"]):
    def live(self) -> Self:
        return self.filter(state__in=LIVE)

    def waiting(self) -> Self:
        return self.filter(state__in=WAITING).order_by("order_key", "pk")

    def ahead_of(self, call: Call) -> Self:
        """Calls of the same queue that come before this one. One that rings an agent still counts, for it may come
        back to its place, and nobody should hear of a place further back than before."""
        earlier = Q(order_key__lt=call.order_key) | Q(order_key=call.order_key, pk__lt=call.pk)
        return self.filter(earlier, queue=call.queue_id, state__in=WAITING)


class OfferQuerySet(models.QuerySet["Offer"]):
    def open(self) -> Self:
        return self.filter(outcome=OfferOutcome.OPEN)
