"""What a connection to the database is told when it is made."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from callcenter.core import bell

pytestmark = pytest.mark.django_db


def test_prepared_statements_are_planned_once() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW plan_cache_mode")
        assert cursor.fetchone() == ("force_generic_plan",)


def test_the_bell_connects_with_everything_the_address_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "sslmode", "verify-full")
    told = psycopg.conninfo.conninfo_to_dict(bell.connection_string())
    assert told["sslmode"] == "verify-full"
    assert told["dbname"] == connection.settings_dict["NAME"]
