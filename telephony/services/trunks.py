"""Trunks: their password, and which of them an address belongs to."""

from __future__ import annotations

import hashlib
import ipaddress

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from callcenter.core import bell, events, sealed
from telephony.models import Trunk

Network = ipaddress.IPv4Network


def set_trunk_password(trunk: Trunk, password: str) -> None:
    """Store what digest authentication needs; the password itself is forgotten."""
    text = f"{trunk.username}:{settings.SIP_REALM}:{password}".encode()
    trunk.ha1_md5 = hashlib.md5(text, usedforsecurity=False).hexdigest()
    trunk.ha1_sha256 = hashlib.sha256(text).hexdigest()
    trunk.save(update_fields=["ha1_md5", "ha1_sha256"])
    bell.ring(bell.EDGE)


def set_provider_password(trunk: Trunk, password: str) -> None:
    """Store what our calls prove to the provider, encrypted: each challenge needs it anew."""
    trunk.auth_secret = sealed.seal(password)
    trunk.save(update_fields=["auth_secret"])
    bell.ring(bell.EDGE)


@transaction.atomic
def registration_changed(trunk_id: int, registered: bool) -> None:
    """An edge registered at the provider, or is not registered any more."""
    if Trunk.objects.filter(pk=trunk_id).update(registered_at=timezone.now() if registered else None):
        fact = "trunk.registered" if registered else "trunk.registration_lost"
        events.append(fact, subject=f"trunk:{trunk_id}", actor="system:edge")


def networks(addresses: str) -> list[Network]:
    """The networks of `Trunk.addresses`, one per line; raises ValueError naming the line that is none."""
    found = []
    for line in filter(None, map(str.strip, addresses.splitlines())):
        try:
            found.append(ipaddress.IPv4Network(line, strict=False))
        except ValueError:
            raise ValueError(f"“{line}” is not an IPv4 address or network") from None
    return found
