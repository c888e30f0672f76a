"""What a trunk must satisfy; every message names the remedy."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

if TYPE_CHECKING:
    from .models import DialRule, Trunk

HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.(?!-)[A-Za-z0-9-]{1,63})*\.?")
PREFIX = re.compile(r"\+[0-9]{0,15}")
CALLER_ID = re.compile(r"\+?[0-9]{3,15}")

WIDEST_PREFIX = 8
"""A network wider than a /8 is no provider's: whoever is in it may call as the trunk."""


def check_trunk(trunk: Trunk) -> None:
    """:raises ValidationError: naming the line that is wrong."""
    _check_outgoing(trunk)
    if not trunk.addresses.strip() and not trunk.username and not trunk.host:
        raise ValidationError(
            "How is the trunk known? Give its addresses, or a user name and password; for calls to the outside only, its host."
        )
    networks = [_network(line) for line in map(str.strip, trunk.addresses.splitlines()) if line]
    for other in type(trunk)._default_manager.filter(active=True).exclude(pk=trunk.pk):
        _check_apart(networks, other)


def _check_outgoing(trunk: Trunk) -> None:
    for name in ("host", "domain"):
        value = getattr(trunk, name)
        if value and not HOST.fullmatch(value):
            raise ValidationError({name: f"“{value}” is no host. Write a name or an IPv4 address, without sip: and port."})
    if trunk.caller_id and not CALLER_ID.fullmatch(trunk.caller_id):
        raise ValidationError({"caller_id": "Write digits only, with + and the country in front, such as +4930123456."})
    if trunk.registers and not (trunk.host and trunk.auth_username):
        raise ValidationError({"registers": "To register, a trunk needs the provider's host and a user name there."})
    for line in prefixes(trunk.allowed_prefixes):
        if not PREFIX.fullmatch(line) or line == "+":
            raise ValidationError({"allowed_prefixes": f"“{line}” is no beginning of a number. Write + and the country, such as +49."})
    if trunk.host and not trunk.registers and not prefixes(trunk.allowed_prefixes):
        raise ValidationError(
            {"allowed_prefixes": "Nothing may be called through this trunk. Name the countries, such as +49, one per line."}
        )


def prefixes(text: str) -> list[str]:
    """The lines of `Trunk.allowed_prefixes`."""
    return [line for line in map(str.strip, text.splitlines()) if line]


def check_dial_rule(rule: DialRule) -> None:
    """:raises ValidationError: naming the field that is wrong."""
    if not PREFIX.fullmatch(rule.prefix):
        raise ValidationError({"prefix": "Numbers begin with + and the country: write +49, or + alone for every number."})
    if rule.prepend and not re.fullmatch(r"[+0-9*#]+", rule.prepend):
        raise ValidationError({"prepend": "Digits, +, * and # only."})
    if rule.trunk_id and not rule.trunk.host:
        raise ValidationError({"trunk": f"“{rule.trunk}” takes no calls to the outside: give it a host first."})


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
