"""Django with the few apps that telephony's own programs need: they must be back within a second, and half of a start is the others."""

from __future__ import annotations

import os

import django
from django.conf import settings

APPS = ["django.contrib.auth", "django.contrib.contenttypes", "auditlog", "callcenter.core", "agents", "queues", "ivr", "telephony"]


def prepare() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callcenter.settings")
    # One thread speaks to the database; a pool would only make it wait when there is none to be had. This wins over a file, too.
    os.environ["DATABASE_POOL"] = "0"
    settings.INSTALLED_APPS = APPS
    django.setup()
