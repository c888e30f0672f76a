"""Mails that tell of new messages: each goes out once, or not at all, and is tried again while the mail server is away.

A mail is claimed before it is sent. So of two workers one sends it; and should that one be killed in the second of sending, the
mail may be lost, but nobody gets it twice. The message itself is in the panel all the same.
"""

from __future__ import annotations

import smtplib
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from callcenter.core.words import span
from queues.models import VoicemailMessage

from . import files
from .validation import addresses

log = structlog.get_logger(__name__)

BATCH = 50
"""Mails in one go; what is left is due in the next, some seconds later."""
MOST_ATTEMPTS = 8
"""With pauses of 1, 2, 4 … minutes: two hours in all."""
NEWS_FOR = timedelta(days=3)
"""A mail server that is set up later does not bring the news of last month."""


def due(now: datetime) -> QuerySet[VoicemailMessage]:
    waiting = VoicemailMessage.objects.filter(notice=VoicemailMessage.Notice.DUE, notice_at__lte=now)
    return waiting.filter(left_at__gt=now - NEWS_FOR).order_by("notice_at")


def send_due() -> int:
    """Send what is due; returns how many went out."""
    if not settings.EMAIL_URL:
        return 0
    return sum(send(pk) for pk in due(timezone.now()).values_list("pk", flat=True)[:BATCH])


def send(message_id: int) -> bool:
    """True if the mail went out by this call."""
    if not _claim(message_id):
        return False
    message = VoicemailMessage.objects.select_related("box").get(pk=message_id)
    try:
        mail(message).send()
    except (smtplib.SMTPException, OSError) as error:
        _put_back(message)
        log.warning("a voicemail notice was not sent", message=message_id, attempt=message.notice_attempts, error=type(error).__name__)
        return False
    return True


def _claim(message_id: int) -> bool:
    mine = due(timezone.now()).order_by().filter(pk=message_id)
    return mine.update(notice=VoicemailMessage.Notice.SENT, notice_at=timezone.now(), notice_attempts=F("notice_attempts") + 1) == 1


def _put_back(message: VoicemailMessage) -> None:
    tried = message.notice_attempts
    notice = VoicemailMessage.Notice.DUE if tried < MOST_ATTEMPTS else VoicemailMessage.Notice.FAILED
    again = timezone.now() + timedelta(minutes=2 ** (tried - 1))
    VoicemailMessage.objects.filter(pk=message.pk).update(notice=notice, notice_at=again)


def mail(message: VoicemailMessage) -> EmailMessage:
    """The mail about this message, with its sound if the box says so and it is there."""
    who = " ".join(filter(None, (message.caller_name, message.caller_number))) or "unknown number"
    site = (settings.PUBLIC_URLS or [f"http://{settings.BIND_ADDRESS}:{settings.HTTP_PORT}"])[0].rstrip("/")
    lines = [
        f"From: {who}",
        f"Left: {timezone.localtime(message.left_at):%A, %d %B %Y, %H:%M %Z}",
        f"Length: {span(message.seconds)}" + (" (the end is missing)" if message.partial else ""),
        f"Box: {message.box.name}",
        "",
        f"Listen: {site}{reverse('message-page', args=[message.pk])}",
    ]
    made = EmailMessage(
        subject=_one_line(f"Voicemail in {message.box.name} from {who}, {span(message.seconds)}"),
        body="\n".join(lines) + "\n",
        to=addresses(message.box.notify),
        # A mail server that gets a mail again knows it by this.
        headers={"Message-ID": f"<voicemail-{message.public_id}@callcenter>", "Auto-Submitted": "auto-generated"},
    )
    if message.box.attach_audio and files.path_of(message).is_file():
        made.attach(f"message-{message.pk}.wav", files.path_of(message).read_bytes(), "audio/wav")
    return made


def _one_line(text: str) -> str:
    """A caller's name is what the caller's network sent; no header may come of it."""
    return " ".join(text.split())
