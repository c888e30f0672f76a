"""What the clock does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from callcenter.celery import app
from callcenter.core.models import Intent
from callcenter.tasks import INTENTS_KEPT, check_figures, forget_old_intents

pytestmark = pytest.mark.django_db


def test_only_intents_that_nobody_repeats_any_more_are_forgotten() -> None:
    user = get_user_model().objects.create_user("alice")
    old, young = (Intent.objects.create(user=user, op="x") for _ in range(2))
    Intent.objects.filter(pk=old.pk).update(at=timezone.now() - INTENTS_KEPT - timedelta(seconds=1))
    assert forget_old_intents() == 1
    assert list(Intent.objects.all()) == [young]


def test_an_empty_day_adds_up() -> None:
    assert check_figures() is True


def test_every_task_of_the_clock_exists() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)
