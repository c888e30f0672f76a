"""The check that looks into the database."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks

pytestmark = pytest.mark.django_db


def demo_warnings() -> list[str]:
    return [message.msg for message in run_checks(databases=["default"], include_deployment_checks=True) if message.id == "callcenter.W004"]


def test_a_demo_password_in_production_is_told_with_the_user() -> None:
    get_user_model().objects.create_user("alice", password="demo")
    assert demo_warnings() == ["These users still have the demo password: alice."]


@pytest.mark.parametrize(("password", "active"), [("other", True), ("demo", False)])
def test_a_changed_password_or_an_inactive_user_is_no_matter(password: str, active: bool) -> None:
    get_user_model().objects.create_user("alice", password=password, is_active=active)
    assert demo_warnings() == []
