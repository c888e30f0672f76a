"""What is done by the clock for voicemail: each may run twice or late without harm."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from . import services
from .models import VoicemailMessage

log = structlog.get_logger(__name__)

BATCH = 500


@shared_task
def erase_old_voicemail() -> int:
    """Erase the sound of messages that were kept long enough, or thrown away a week ago; returns how many."""
    old = list(VoicemailMessage.objects.to_erase(timezone.now()).values_list("pk", flat=True)[:BATCH])
    for pk in old:
        services.erase_message(pk, actor="system:retention")
    return len(old)
