"""What a trunk must satisfy; every message names the remedy."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

if TYPE_CHECKING:
    from .models import Trunk

WIDEST_PREFIX = 8
"""A network wider than a /8 is no provider's: whoever is in it may call as the trunk."""


def check_trunk(trunk: Trunk) -> None:
    """:raises ValidationError: naming the line that is wrong."""
    if not trunk.addresses.strip() and not trunk.username:
        raise ValidationError("How is the trunk known? Give its addresses, or a user name and password, or both.")
    networks = [_network(line) for line in map(str.strip, trunk.addresses.splitlines()) if line]
    for other in type(trunk)._default_manager.filter(active=True).exclude(pk=trunk.pk):
        _check_apart(networks, other)


def _network(line: str) -> ipaddress.IPv4Network:
    try:
        network = ipaddress.IPv4Network(line, strict=False)
    except ValueError:
        raise ValidationError(
            {"addresses": f"“{line}” is no IPv4 address or network. Write 203.0.113.7 or 203.0.113.0/28, one per line; no names, no ports."}
        ) from None
    if network.prefixlen < WIDEST_PREFIX:
        raise ValidationError(
            {"addresses": f"“{line}” is {network.num_addresses:,} addresses: anybody could call as this trunk. Give the provider's."}
        )
    return network


def _check_apart(networks: list[ipaddress.IPv4Network], other: Trunk) -> None:
    for line in map(str.strip, other.addresses.splitlines()):
        taken = ipaddress.IPv4Network(line, strict=False) if line else None
        clash = next((network for network in networks if taken and network.overlaps(taken)), None)
        if clash:
            raise ValidationError(
                {"addresses": f"{clash} overlaps {taken} of trunk “{other}”, so a call from there could be either. Narrow one of them."}
            )
