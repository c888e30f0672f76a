"""System checks: settings that would fail later, or quietly do harm. `manage.py check --deploy` shows the second kind.

Each is a function of the settings that yields messages, so each is tested by the settings alone.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

RTP_PORTS_PER_CALL = 8
"""Four legs at most in a call process, an RTP and an RTCP port each."""

SECRET_KEY_CHARACTERS = 50
REDIS_SCHEMES = ("redis", "rediss", "unix")


@register("callcenter")
def bind_address(app_configs: Any, **_: Any) -> Iterator[CheckMessage]:
    """E001: BIND_ADDRESS must be an IPv4 address: SIP and RTP speak no IPv6, and names are not looked up."""
    if not _is_ipv4(settings.BIND_ADDRESS):
        hint = "Such as 127.0.0.1 (this machine only), 0.0.0.0 (all), or one address of this machine."
        yield Error(f"BIND_ADDRESS {settings.BIND_ADDRESS!r} is not an IPv4 address.", hint=hint, id="callcenter.E001")


@register("callcenter")
def ports_in_range(app_configs: Any, **_: Any) -> Iterator[CheckMessage]:
    """E002: a port outside 1 to 65535."""
    for name in ("HTTP_PORT", "SIP_PORT", "RTP_PORT_MIN", "RTP_PORT_MAX"):
        if not 1 <= getattr(settings, name) <= 65535:
            yield Error(f"{name}={getattr(settings, name)} is not a port; ports are 1 to 65535.", id="callcenter.E002")


@register("callcenter")
def rtp_range(app_configs: Any, **_: Any) -> Iterator[CheckMessage]:
    """E003: the RTP range is upside down or holds the SIP port. W005: it is too small for the calls allowed."""
    low, high = settings.RTP_PORT_MIN, settings.RTP_PORT_MAX
    if low > high:
        yield Error(f"RTP_PORT_MIN={low} is above RTP_PORT_MAX={high}.", id="callcenter.E003")
    elif low <= settings.SIP_PORT <= high:
        yield Error(f"SIP_PORT={settings.SIP_PORT} lies among the RTP ports {low} to {high}; move one of them.", id="callcenter.E003")
    elif (high - low + 1) // RTP_PORTS_PER_CALL < settings.MAX_CALL_PROCESSES:
        fits = (high - low + 1) // RTP_PORTS_PER_CALL
        text = f"RTP ports {low} to {high} carry {fits} calls, and MAX_CALL_PROCESSES={settings.MAX_CALL_PROCESSES} allows more."
        hint = f"Each call takes {RTP_PORTS_PER_CALL} ports: widen the range, or lower MAX_CALL_PROCESSES to {fits}."
        yield Warning(text, hint=hint, id="callcenter.W005")


@register("callcenter")
def call_processes(app_configs: Any, **_: Any) -> Iterator[CheckMessage]:
    """E004: no room for a call, or more idle processes than there may be in all."""
    idle, most = settings.IDLE_PROCESSES, settings.MAX_CALL_PROCESSES
    if most < 1 or not 1 <= idle <= most:
        text = f"IDLE_PROCESSES={idle} and MAX_CALL_PROCESSES={most} do not fit: 1 to MAX_CALL_PROCESSES processes wait for calls."
        yield Error(text, id="callcenter.E004")


@register("callcenter")
def secret_key(app_configs: Any, **_: Any) -> Iterator[CheckMessage]:
    """E005: SECRET_KEY is short."""
    if len(settings.SECRET_KEY) < SECRET_KEY_CHARACTERS:
        text = f"SECRET_KEY has {len(settings.SECRET_KEY)} characters; sessions are only as safe as it is."
        hint = "Leave it empty (one is made in the data folder), or: python -c 'import secrets; print(secrets.token_urlsafe(50))'"
        yield Error(text, hint=hint, id="callcenter.E005")


@register("callcenter")
def redis_url(app_configs: Any, **_: Any) -> Iterator[CheckMessage]:
    """E006: REDIS_URL is of a kind that the libraries do not know."""
    if urlsplit(settings.REDIS_URL).scheme not in REDIS_SCHEMES:
        hint = "Such as redis://user:password@host:6379/0, rediss://… with TLS, or unix:///run/redis/redis.sock."
        yield Error(f"REDIS_URL must begin with one of {', '.join(REDIS_SCHEMES)}.", hint=hint, id="callcenter.E006")


@register("callcenter")
def session_timer(app_configs: Any, **_: Any) -> Iterator[CheckMessage]:
    """E007: a session timer below the protocol's minimum, which every peer would refuse with 422."""
    if settings.SESSION_EXPIRES_SECONDS < 90:
        yield Error(f"SESSION_EXPIRES_SECONDS={settings.SESSION_EXPIRES_SECONDS} is below 90, the least of RFC 4028.", id="callcenter.E007")


@register("callcenter")
def public_sip_address(app_configs: Any, **_: Any) -> Iterator[CheckMessage]:
    """E008: phones would be told to send to 0.0.0.0. E009: they would be told something that is no address."""
    if settings.SIP_PUBLIC_ADDRESS and not _is_ipv4(settings.SIP_PUBLIC_ADDRESS):
        hint = "Such as 203.0.113.5, without a port: phones use SIP_PORT, and the RTP ports, there as well. Empty: BIND_ADDRESS."
        yield Error(f"SIP_PUBLIC_ADDRESS {settings.SIP_PUBLIC_ADDRESS!r} is not an IPv4 address.", hint=hint, id="callcenter.E009")
    if (settings.SIP_PUBLIC_ADDRESS or settings.BIND_ADDRESS) == "0.0.0.0":  # noqa: S104 (compared, not bound)
        hint = "Set SIP_PUBLIC_ADDRESS to the address of this machine that phones reach."
        yield Error("0.0.0.0 is no address that phones can send to.", hint=hint, id="callcenter.E008")


@register("callcenter")
def debug_in_the_open(app_configs: Any, **_: Any) -> Iterator[CheckMessage]:
    """W001: error pages that show settings and source are reachable from the network."""
    if settings.DEBUG and not _loopback():
        hint = "DEBUG=false; then ALLOWED_HOSTS must name this site."
        yield Warning(f"DEBUG is on and BIND_ADDRESS={settings.BIND_ADDRESS} is not loopback.", hint=hint, id="callcenter.W001")


@register("callcenter")
def demo_in_the_open(app_configs: Any, **_: Any) -> Iterator[CheckMessage]:
    """W002: accounts whose passwords everybody knows are reachable from the network."""
    if settings.DEMO and not _loopback():
        hint = "DEMO=false before the first start, or change the passwords of the demo users and phones."
        yield Warning(
            f"Demo accounts are loaded and BIND_ADDRESS={settings.BIND_ADDRESS} is not loopback.", hint=hint, id="callcenter.W002"
        )


@register("callcenter", deploy=True)
def pjsip_in_the_open(app_configs: Any, **_: Any) -> Iterator[CheckMessage]:
    """W003: the SIP port faces a public address directly."""
    address = _address(settings.SIP_PUBLIC_ADDRESS or settings.BIND_ADDRESS)
    if address and address.is_global:
        text = f"SIP faces the internet on {address}. The bundled PJSIP 2.15.1 has known faults, which the edge filters."
        hint = "Let only your provider's and your offices' addresses through the firewall; see 'Firewall' in docs/operations.md."
        yield Warning(text, hint=hint, id="callcenter.W003")


@register(Tags.database, deploy=True)
def demo_passwords(app_configs: Any, databases: Any = None, **_: Any) -> Iterator[CheckMessage]:
    """W004: a user of this database still has a demo password. Looked at only with `check --database default --deploy`."""
    if not settings.DEBUG and "default" in (databases or ()) and (names := _demo_users()):
        hint = "Change the passwords in the administration, or make the users inactive."
        yield Warning(f"These users still have the demo password: {', '.join(names)}.", hint=hint, id="callcenter.W004")


def _demo_users() -> list[str]:
    from django.contrib.auth import get_user_model

    demo = ("admin", "manager", "supervisor", "alice", "bob", "carol", "dave")
    users = get_user_model()._default_manager.filter(username__in=demo, is_active=True)
    return [user.get_username() for user in users if user.check_password("demo")]


def _loopback() -> bool:
    address = _address(settings.BIND_ADDRESS)
    return bool(address and address.is_loopback)


def _is_ipv4(text: str) -> bool:
    return isinstance(_address(text), ipaddress.IPv4Address)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
