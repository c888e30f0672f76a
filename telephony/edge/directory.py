"""What the edge must know to judge and route a packet, kept in memory so that calls flow while the database is away."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

from agents.models import Agent
from callcenter.core import sealed
from ivr.models import Number
from telephony.models import Registration, Trunk
from telephony.services.trunks import networks

from .names import resolve
from .uri import Address

log = logging.getLogger(__name__)

REMEMBERED = 1000
"""Devices that signed off, kept for the CANCELs and ACKs that still go to them."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who may authenticate: an agent's phone or a trunk."""

    kind: str
    """agent or trunk."""
    pk: int
    username: str
    ha1: dict[str, str]
    """By algorithm."""
    numbers: frozenset[str] = frozenset()
    """User parts of addresses that the account may register."""
    max_calls: int = 0

    @property
    def source(self) -> str:
        return f"{self.kind}:{self.pk}"


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a device is reached."""

    device: int
    agent: int
    contact: str
    address: Address
    expires_at: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A trunk that carries calls to the outside."""

    pk: int
    host: str
    """host or host:port, for Request-URI and To."""
    address: Address
    domain: str
    """Host of our own address there."""
    caller_id: str
    username: str
    password: str = field(repr=False)
    registers: bool = False
    """It wants to be told where we are."""


@dataclass(slots=True)
class Directory:
    accounts: dict[str, Account] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    """User parts that accounts call themselves."""
    trunks: list[tuple[IPv4Network, Account]] = field(default_factory=list)
    providers: dict[int, Provider] = field(default_factory=dict)
    """Trunks that carry calls to the outside, and whose address is known."""
    numbers: dict[str, bool] = field(default_factory=dict)
    """Every number that exists, and whether strangers may call it."""
    bindings: dict[int, Binding] = field(default_factory=dict)
    phones: dict[Address, set[str]] = field(default_factory=dict)
    """Addresses that registered phones speak from, and the sources of their accounts."""
    loaded: bool = False
    _left: dict[int, Binding] = field(default_factory=dict)

    def trunk_at(self, host: str) -> Account | None:
        if not self.trunks:
            return None
        address = IPv4Address(host)
        return next((trunk for network, trunk in self.trunks if address in network), None)

    def sources_at(self, address: Address) -> set[str]:
        """Whose phones and trunks are known to speak from there."""
        trunk = self.trunk_at(address[0])
        return self.phones.get(address, set()) | ({trunk.source} if trunk else set())

    def binding(self, device: int) -> Binding | None:
        found = self.bindings.get(device)
        return found if found and found.expires_at > time.time() else None

    def last_known(self, device: int) -> Binding | None:
        """Where the device was, also when its registration is over."""
        return self.bindings.get(device) or self._left.get(device)

    def rebind(self, agent: int, bindings: list[Binding]) -> None:
        """These are the agent's bindings now; the registrar has just written them."""
        kept = {device: one for device, one in self.bindings.items() if one.agent != agent}
        self._bind({**kept, **{one.device: one for one in bindings}})

    def _bind(self, bindings: dict[int, Binding]) -> None:
        gone = {device: one for device, one in self.bindings.items() if device not in bindings}
        self._left = dict([*self._left.items(), *gone.items()][-REMEMBERED:])
        self.bindings = bindings
        self.phones = {}
        for one in bindings.values():
            self.phones.setdefault(one.address, set()).add(f"agent:{one.agent}")

    def replace(self, other: Directory) -> None:
        self.accounts, self.trunks, self.numbers, self.loaded = other.accounts, other.trunks, other.numbers, True
        self.providers = other.providers
        self.names = frozenset(name for one in other.accounts.values() for name in (one.username, *one.numbers))
        self._bind(other.bindings)


def read() -> Directory:
    """Read everything anew: four small queries. Raises django.db.Error while the database is away."""
    found = Directory(loaded=True)
    for agent in Agent.objects.filter(active=True).only("id", "sip_username", "extension", "sip_ha1_md5", "sip_ha1_sha256"):
        ha1 = _ha1(agent.sip_ha1_md5, agent.sip_ha1_sha256)
        numbers = frozenset((agent.sip_username, agent.extension))
        found.accounts[agent.sip_username] = Account("agent", agent.pk, agent.sip_username, ha1, numbers)
        found.numbers[agent.extension] = False
    for trunk in Trunk.objects.filter(active=True):
        account = Account("trunk", trunk.pk, trunk.username, _ha1(trunk.ha1_md5, trunk.ha1_sha256), max_calls=trunk.max_calls)
        found.trunks += [(network, account) for network in networks(trunk.addresses)]
        if trunk.username:
            found.accounts.setdefault(trunk.username, account)
        if provider := _provider(trunk):
            found.providers[trunk.pk] = provider
    found.numbers |= dict(Number.objects.filter(active=True).values_list("number", "public"))
    found._bind({row.device_id: binding(row) for row in Registration.objects.filter(agent__active=True)})
    return found


def _provider(trunk: Trunk) -> Provider | None:
    address = resolve(trunk.host, trunk.port) if trunk.host else None
    if address is None:
        return None
    host = trunk.host if trunk.port == 5060 else f"{trunk.host}:{trunk.port}"
    return Provider(
        trunk.pk, host, address, trunk.domain or trunk.host, trunk.caller_id or trunk.auth_username, trunk.auth_username, _password(trunk),
        trunk.registers,
    )  # fmt: skip


def _password(trunk: Trunk) -> str:
    try:
        return sealed.unseal(trunk.auth_secret) if trunk.auth_secret else ""
    except sealed.Unreadable:
        _complain(trunk.pk, trunk.auth_secret)
        return ""


@lru_cache(maxsize=256)
def _complain(trunk: int, secret: str) -> None:
    """Once for each secret: the directory is read anew every few seconds."""
    log.error("trunk %s: its password cannot be read with the present SECRET_KEY; enter it anew", trunk)


def _ha1(md5: str, sha256: str) -> dict[str, str]:
    return {name: value for name, value in (("MD5", md5), ("SHA-256", sha256)) if value}


def binding(row: Registration) -> Binding:
    return Binding(row.device_id, row.agent_id, row.contact, (row.received_host, row.received_port), row.expires_at.timestamp())
