"""Roles are groups with permissions, there after the migrations and complete for every model they name."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User

from agents.models import BreakReason
from callcenter.core import roles
from queues.models import Disposition, Queue

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", roles.ALL)
def test_the_group_of_a_role_has_its_permissions(role: str) -> None:
    held = set(Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename"))
    assert held >= set(roles.codenames(role))


def test_an_agent_has_no_permission_in_the_admin() -> None:
    assert not Group.objects.get(name=roles.AGENT).permissions.exists()


def test_a_user_has_the_roles_of_the_groups_and_a_superuser_all() -> None:
    user = User.objects.create(username="vera")
    user.groups.add(Group.objects.get(name=roles.SUPERVISOR))
    assert roles.has_role(user, roles.MANAGER, roles.SUPERVISOR)
    assert not roles.has_role(user, roles.MANAGER)
    assert roles.has_role(User.objects.create(username="root", is_superuser=True), roles.MANAGER)


def test_nobody_and_the_inactive_have_no_role() -> None:
    gone = User.objects.create(username="gone", is_active=False, is_superuser=True)
    gone.groups.add(Group.objects.get(name=roles.MANAGER))
    assert not roles.has_role(gone, *roles.ALL)
    assert not roles.has_role(AnonymousUser(), *roles.ALL)


def test_a_fresh_installation_has_the_default_queues_reasons_and_results() -> None:
    slugs = set(Queue.objects.values_list("slug", flat=True))
    assert slugs == {"general", "support", "sales", "billing", "vip", "premium", "direct"}
    assert Queue.objects.get(slug="direct").everyone
    assert not BreakReason.objects.get(code="missed").selectable
    assert Disposition.objects.filter(queues__slug="support").exists()
