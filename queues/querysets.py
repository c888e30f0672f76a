"""Reads about queues, calls and offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

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


class OfferQuerySet(models.QuerySet["Offer"]):
    def open(self) -> Self:
        return self.filter(outcome=OfferOutcome.OPEN)
