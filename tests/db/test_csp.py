"""The administration's theme gets the two permissions it needs; nothing else does."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_only_the_administration_may_evaluate_scripts(client: Client) -> None:
    policy = client.get("/admin/login/")["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval';" in policy + ";"
    assert "style-src 'self' 'unsafe-inline';" in policy + ";"
    assert "unsafe" not in client.get("/healthz")["Content-Security-Policy"]
