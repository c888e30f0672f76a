"""What is done by the clock for voicemail: each may run twice or late without harm."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from . import services
from .models import VoicemailMessage
from .voicemail import notices

log = structlog.get_logger(__name__)

BATCH = 500


@shared_task
def send_voicemail_notices() -> int:
    """Mails about new messages; returns how many went out. The rows say which are due, so nothing is lost while Redis is away."""
    return notices.send_due()


@shared_task
def erase_old_voicemail() -> int:
    """Erase the sound of messages that were kept long enough, or thrown away a week ago; returns how many."""
    old = list(VoicemailMessage.objects.to_erase(timezone.now()).values_list("pk", flat=True)[:BATCH])
    for pk in old:
        services.erase_message(pk, actor="system:retention")
    return len(old)
