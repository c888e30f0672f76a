"""Mails that tell of new messages."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from queues import tasks
from queues.models import VoicemailMessage
from queues.voicemail import files, notices

from .mailbox import box, message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("voicemail_folder")]


# ---- mail ------------------------------------------------------------------------------------------------------------------
@pytest.fixture
def mail_server(settings: Any) -> None:
    settings.EMAIL_URL = "smtp://mail.example.org"
    settings.PUBLIC_URLS = ["https://calls.example.org"]


@pytest.mark.usefixtures("mail_server")
def test_a_mail_tells_of_each_message_once() -> None:
    stored = message(
        box(name="Support", notify="a@example.org, b@example.org"), caller_name="Mia\nBcc: x@example.org", caller_number="+4930"
    )
    message(box())
    assert tasks.send_voicemail_notices() == 1
    assert tasks.send_voicemail_notices() == 0
    [sent] = mail.outbox
    assert sent.to == ["a@example.org", "b@example.org"]
    assert sent.subject == "Voicemail in Support from Mia Bcc: x@example.org +4930, 4 s"
    assert f"https://calls.example.org/messages/{stored.pk}/" in sent.body
    assert sent.attachments == []


@pytest.mark.usefixtures("mail_server")
def test_the_mail_brings_the_sound_only_if_the_box_says_so() -> None:
    stored = message(box(notify="a@example.org", attach_audio=True))
    tasks.send_voicemail_notices()
    [attached] = mail.outbox[0].attachments
    assert attached[1] == files.path_of(stored).read_bytes()


@pytest.mark.usefixtures("mail_server")
def test_a_mail_server_that_is_away_is_tried_again_later_and_in_the_end_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = message(box(notify="a@example.org"))
    down = True

    def send(self: Any, **_: Any) -> int:
        if down:
            raise smtplib.SMTPServerDisconnected("gone")
        mail.outbox.append(self)
        return 1

    monkeypatch.setattr("django.core.mail.EmailMessage.send", send)
    assert tasks.send_voicemail_notices() == 0
    stored.refresh_from_db()
    assert (stored.notice, stored.notice_attempts) == ("due", 1)
    assert stored.notice_at > timezone.now() + timedelta(seconds=50)
    down = False
    assert tasks.send_voicemail_notices() == 0, "not before its time"
    VoicemailMessage.objects.filter(pk=stored.pk).update(notice_at=timezone.now(), notice_attempts=notices.MOST_ATTEMPTS - 1)
    down = True
    assert tasks.send_voicemail_notices() == 0
    stored.refresh_from_db()
    assert stored.notice == "failed"
    down = False
    assert tasks.send_voicemail_notices() == 0


@pytest.mark.usefixtures("mail_server")
def test_of_two_workers_one_sends_the_mail() -> None:
    stored = message(box(notify="a@example.org"))
    assert [notices.send(stored.pk), notices.send(stored.pk)] == [True, False]


def test_without_a_mail_server_the_news_waits_but_not_for_ever(settings: Any) -> None:
    old, young = (message(box(notify="a@example.org")) for _ in range(2))
    assert tasks.send_voicemail_notices() == 0
    VoicemailMessage.objects.filter(pk=old.pk).update(left_at=timezone.now() - notices.NEWS_FOR)
    settings.EMAIL_URL = "smtp://mail.example.org"
    assert tasks.send_voicemail_notices() == 1
    young.refresh_from_db()
    assert young.notice == "sent"
