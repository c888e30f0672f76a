"""The log-ins of agents."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import Group, User

from callcenter.core import roles

from .models import Agent

ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without what is mistaken for something else when typed into a desk phone: l, o, I, O, 0, 1."""

SIP_PASSWORD_LENGTH = 20
"""About 116 bits; nobody types it more than once, and SIP user names are guessed all day long."""


def user_for(username: str, password: str = "") -> User:
    """The user of this name as an agent; made if there is none. An existing password stays."""
    user, created = User.objects.get_or_create(username=username)
    if created:
        user.set_password(password or None)
        user.save(update_fields=["password"])
    group, _ = Group.objects.get_or_create(name=roles.AGENT)
    user.groups.add(group)
    return user


def let_in(agent: Agent) -> None:
    """The log-in follows the agent: who is not active cannot log in. Those who also work in the admin keep theirs."""
    User.objects.filter(pk=agent.user_id, is_staff=False).update(is_active=agent.active)


def strong_password() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(SIP_PASSWORD_LENGTH))
