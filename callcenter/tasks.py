"""What is done by the clock: each may run twice or a day late without harm."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from callcenter.core.models import Intent
from ivr.prompts import upkeep
from queues import metrics

INTENTS_KEPT = timedelta(hours=24)
"""A browser sends a request again within seconds of a broken line, at most after a night's sleep of its machine."""


@shared_task
def forget_old_intents() -> int:
    """Delete the answers that no browser will ask for again; returns how many."""
    deleted, _ = Intent.objects.filter(at__lt=timezone.now() - INTENTS_KEPT).delete()
    return deleted


@shared_task
def clear_old_sounds() -> int:
    """Delete recordings and files of prompts that nobody plays any more; returns how many recordings."""
    return upkeep.clean_up()


@shared_task
def check_figures() -> bool:
    """Offered = the sum of outcomes, for each queue, yesterday. What does not add up is an error in the log, and the answer False."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return metrics.check_identity(today - timedelta(days=1), today)
