"""The background worker and its clock. No call ever waits for them."""

from __future__ import annotations

import logging.config
import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callcenter.settings")

app = Celery("callcenter")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.imports = ["callcenter.tasks"]
app.conf.beat_schedule = {
    "forget old intents": {"task": "callcenter.tasks.forget_old_intents", "schedule": crontab(minute=17)},
    "clear old sounds": {"task": "callcenter.tasks.clear_old_sounds", "schedule": crontab(hour=3, minute=37)},
    "tell of new voicemail": {"task": "queues.tasks.send_voicemail_notices", "schedule": 10.0, "options": {"expires": 10}},
    "erase old voicemail": {"task": "queues.tasks.erase_old_voicemail", "schedule": crontab(minute=37)},
    "check the figures of yesterday": {"task": "callcenter.tasks.check_figures", "schedule": crontab(hour=3, minute=7)},
}


@setup_logging.connect
def log_as_the_rest(**_: Any) -> None:
    """Celery would bring its own format; a receiver of this signal keeps it from doing so."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
