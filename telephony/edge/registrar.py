"""REGISTER (RFC 3261 10.3): who it is, what is asked, the rows, the answer."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import Error as DatabaseError

from telephony.services.registrar import Origin, OutOfOrder, TooManyDevices, Wanted

from .directory import Account, Binding, Directory
from .message import Message, split_list
from .shield import Refused
from .uri import Address, NameAddr, Uri, parameters

log = logging.getLogger(__name__)

MAX_CONTACTS = 5
MAX_CONTACT = 255
"""Length of Registration.contact."""

Writer = Callable[[int, list[Wanted], Origin, bool], Awaitable[list[Binding]]]


@dataclass(frozen=True, slots=True)
class Asked:
    contacts: list[Wanted]
    everything: bool


async def register(message: Message, account: Account, source: Address, directory: Directory, write: Writer) -> Message:
    """Answer a REGISTER whose sender is known to be `account`. Raises Refused."""
    wanted_for = Uri.parse((NameAddr.parse(message.get("to")) or NameAddr("", "")).uri)
    if account.kind != "agent" or wanted_for is None or wanted_for.number not in account.numbers:
        raise Refused(403, "Forbidden")
    asked = read_contacts(message)
    agent_name = re.sub(r"[^ -~]", "", message.get("user-agent"))[:120]
    origin = Origin(source[0], source[1], message.call_id[:255], message.cseq, agent_name)
    try:
        bindings = await write(account.pk, asked.contacts, origin, asked.everything)
    except OutOfOrder:
        raise Refused(500, "Out Of Order") from None
    except TooManyDevices:
        raise Refused(403, "Too Many Devices") from None
    except (DatabaseError, TimeoutError) as error:
        log.warning("registrar: database away (%s)", type(error).__name__)
        raise Refused(503, "Service Unavailable", ("Retry-After", "5")) from None
    directory.rebind(account.pk, bindings)
    return message.reply(200, "OK", *[("Contact", _listed(one)) for one in bindings])


def _listed(binding: Binding) -> str:
    return f"<{binding.contact}>;expires={max(0, round(binding.expires_at - time.time()))}"


def read_contacts(message: Message) -> Asked:
    """The Contacts and for how long each; raises Refused 400 or 423."""
    contacts = [part for value in message.values("contact") for part in split_list(value)]
    default = message.get("expires")
    if "*" in contacts:
        # RFC 3261 10.2.2: alone, and only to sign off.
        if len(contacts) > 1 or default != "0":
            raise Refused(400, "Bad Contact")
        return Asked([], True)
    if len(contacts) > MAX_CONTACTS:
        raise Refused(400, "Too Many Contacts")
    return Asked([_contact(value, default) for value in contacts], False)


def _contact(value: str, default: str) -> Wanted:
    found = NameAddr.parse(value)
    uri = Uri.parse(found.uri) if found else None
    if found is None or uri is None or uri.scheme != "sip" or len(found.uri) > MAX_CONTACT:
        raise Refused(400, "Bad Contact")
    return Wanted(found.uri, _seconds(parameters(found.params).get("expires", default)))


def _seconds(text: str) -> int:
    # RFC 3261 10.2.1.1: what cannot be read is as if it were not there.
    asked: int = int(text[:9]) if text.isascii() and text.isdigit() else settings.SIP_EXPIRES_DEFAULT
    if 0 < asked < settings.SIP_EXPIRES_MIN:
        raise Refused(423, "Interval Too Brief", ("Min-Expires", str(settings.SIP_EXPIRES_MIN)))
    most: int = settings.SIP_EXPIRES_MAX
    return min(asked, most)
