"""What all tests share."""

from __future__ import annotations

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings
    from django.db import connection

    # Else each test's client would first list every static file of every app.
    settings.WHITENOISE_AUTOREFRESH = True
    # The real one is slow on purpose; tests log in often.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if not os.environ.get("DATABASE_URL"):
        connection.settings_dict["TEST"]["TEMPLATE"] = connection.settings_dict["NAME"]  # its tables are there already
