"""How a child process starts: it ends when its parent dies, and where asked it gives up root's rights."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_SET_CHILD_SUBREAPER, PR_CAP_AMBIENT = 1, 28, 36, 47
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
CAPABILITY_VERSION_3 = 0x20080522

# Loaded before any fork: the child must not allocate or lock more than it has to.
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Account:
    """Whom a child runs as. `capability` opens closed parent folders (a clone below /root); 0: none needed."""

    uid: int
    gid: int
    capability: int = 0


def unprivileged(paths: Iterable[Path]) -> Account | None:
    """The account for a server that refuses root; None when we are not root and simply stay who we are."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    closed = any(parent.exists() and not parent.stat().st_mode & 0o001 for path in paths for parent in path.parents)
    return Account(entry.pw_uid, entry.pw_gid, _search_capability() if closed else 0)


def _search_capability() -> int:
    """The narrowest capability we hold that walks through folders closed to others; containers often lack the first."""
    status = Path("/proc/self/status").read_text()
    held = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapPrm:")), 16)
    return next((number for number in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE) if held >> number & 1), 0)


def preparation(account: Account | None = None, death_signal: signal.Signals | None = signal.SIGTERM) -> Callable[[], None]:
    """What to run between fork and exec (`preexec_fn`).

    :param death_signal: what the child gets when its parent dies; None: it lives on.
    """
    parent = os.getpid()

    def prepare() -> None:
        if account:
            _become(account)
        if death_signal is None:
            return
        # After the change of user: the kernel forgets the death signal when credentials change.
        _prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def adopt_orphans() -> None:
    """Grandchildren whose parent died become our children, so that we can find and end them."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _become(account: Account) -> None:
    if account.capability:
        # Else the change of user drops it, and access(2), which PostgreSQL asks for its own programs, ignores it.
        _prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
    if account.capability:
        _keep(account.capability)


def _keep(capability: int) -> None:
    """Only this one capability remains, and it outlives the exec."""
    bit = 1 << capability
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # effective, permitted, inheritable of capabilities 0 to 31, then of 32 to 63
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if _libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def _prctl(option: int, *arguments: int) -> None:
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc.prctl(option, *padded):
        raise OSError(ctypes.get_errno(), f"prctl {option}")
