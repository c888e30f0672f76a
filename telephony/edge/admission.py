"""Who is calling, and may they: a trunk by its address, a phone or trunk by its password, a stranger only to public numbers.

The edge never forwards a call to anywhere but a call process of its own node, so the host in the
Request-URI is not looked at: what is dialled is the user part, and only numbers that we have exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import security
from .digest import Credentials, Digest, Verdict
from .directory import Account, Directory
from .limits import Limits
from .message import Message
from .shield import Refused, Silence
from .uri import Address, NameAddr, Uri


@dataclass(frozen=True, slots=True)
class Caller:
    source: str
    """public, trunk:<id> or agent:<id>: what the call process gets to know in X-CC-Source."""
    max_calls: int = 0

    @property
    def phone(self) -> bool:
        return self.source.startswith("agent:")


STRANGER = Caller("public")


class Admission:
    def __init__(self, directory: Directory, digest: Digest, limits: Limits, local: Address) -> None:
        self.directory = directory
        self.digest = digest
        self.limits = limits
        self.local = local

    def caller(self, message: Message, source: Address) -> Caller:
        """Admit an INVITE that begins a call. Raises Refused with the status to answer."""
        uri = Uri.parse(message.uri)
        number = uri.number if uri else ""
        if not self.directory.loaded:
            raise Refused(503, "Service Unavailable", ("Retry-After", "3"))
        if message.get("proxy-authorization"):
            account = self.known(message, source, "Proxy-Authorization", "Proxy-Authenticate")
        elif trunk := self.directory.trunk_at(source[0]):
            account = trunk
        else:
            return self._stranger(message, number, source)
        if number not in self.directory.numbers:
            raise Refused(404, "Not Found")
        return Caller(account.source, account.max_calls)

    def _stranger(self, message: Message, number: str, source: Address) -> Caller:
        """Nothing tells who it is: public numbers are open to it, unless it says that it is one of ours."""
        if not self.directory.numbers.get(number):
            self._count_probe(source)
            # Unknown and not public look the same, so that numbers cannot be found by trying.
            raise self._challenge("Proxy-Authenticate")
        if not self.limits.invites.take(source[0]):
            security.report(security.FLOOD, source, self.local)
            raise Refused(503, "Too Many Calls", ("Retry-After", "5"))
        if self._names_us(message):
            raise self._challenge("Proxy-Authenticate")
        return STRANGER

    def _count_probe(self, source: Address) -> None:
        if source not in self.directory.phones and not self.limits.probes.take(source[0]):
            security.report(security.SCAN, source, self.local)
            raise Silence

    def _names_us(self, message: Message) -> bool:
        """From is an account of ours: it must prove that, and is let in as what it is. Phones prove nothing unless asked.

        Of the same name elsewhere are others, who could not prove anything. We are whatever the caller called, and our realm.
        """
        address = NameAddr.parse(message.get("from"))
        sender, called = Uri.parse(address.uri) if address else None, Uri.parse(message.uri)
        if sender is None or called is None or sender.number not in self.directory.names:
            return False
        return sender.host in (called.host, self.local[0], self.digest.realm.lower())

    def known(self, message: Message, source: Address, header: str, challenge: str) -> Account:
        """The account whose password the request proves. Raises Refused 401 or 407: ask (again)."""
        given = self._given(message, header)
        if given is None:
            raise self._challenge(challenge)
        account = self.directory.accounts.get(given.username)
        # One path for unknown users and wrong passwords: the same work, the same answer, the same line in the log.
        nobody = self.digest.stand_in(given.username, given.algorithm)
        ha1 = account.ha1.get(given.algorithm) if account else None
        verdict = self.digest.judge(given, message.method, message.uri, ha1 or nobody)
        if verdict is Verdict.PASSED and account and ha1:
            self.limits.lock_out.passed(source[0], account.username)
            return account
        if verdict is Verdict.STALE and account and ha1:
            raise self._challenge(challenge, stale=True)
        self._failed(source, account)
        raise self._challenge(challenge)

    def _challenge(self, header: str, *, stale: bool = False) -> Refused:
        status, reason = (401, "Unauthorized") if header == "WWW-Authenticate" else (407, "Proxy Authentication Required")
        return Refused(status, reason, *self.digest.challenges(header, stale=stale))

    def _given(self, message: Message, header: str) -> Credentials | None:
        """What the request says to prove who sent it."""
        raw = [value for value in message.values(header.lower()) if f'realm="{self.digest.realm}"' in value]
        return Credentials.parse(raw[0]) if raw else None

    def _failed(self, source: Address, account: Account | None) -> None:
        security.report(security.WRONG_PASSWORD, source, self.local)
        # Only users that exist can be forgiven; what others were made up need not be kept.
        if self.limits.lock_out.failed(source[0], account.username if account else ""):
            security.report(security.LOCKED_OUT, source, self.local)

    def locked_out(self, message: Message, source: Address) -> bool:
        """Guessed too often. Phones that are registered from there, and trunks, are not taken hostage: they speak on for themselves."""
        return self.limits.lock_out.holds(source[0]) and not self._speaks_for_itself(message, source)

    def _speaks_for_itself(self, message: Message, source: Address) -> bool:
        there = self.directory.sources_at(source)
        given = self._given(message, "Authorization" if message.method == "REGISTER" else "Proxy-Authorization")
        account = self.directory.accounts.get(given.username) if given else None
        return bool(there) and (given is None or (account is not None and account.source in there))
