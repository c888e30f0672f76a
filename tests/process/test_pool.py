"""The pool of call processes, with real children."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from telephony import pool
from telephony.node import CALL_PROCESS
from telephony.ports import CallComing, OfferWithdrawn
from tests.until import auntil

BIRTH = 30.0
"""Seconds: the nursery loads the SIP stack before the first child."""


class Seen:
    def __init__(self) -> None:
        self.ready: list[pool.Child] = []
        self.gone: list[tuple[pool.Child, int]] = []


@asynccontextmanager
async def running(*, idle: int = 2, limit: int = 6, behaviour: str = "obedient", **more: Any) -> AsyncIterator[tuple[pool.Pool, Seen]]:
    seen = Seen()
    fields = {"target": "tests.process.children:obedient", "birth": lambda name, number: {"behaviour": behaviour}, **more}
    kept = pool.Pool(idle=idle, limit=limit, ready=seen.ready.append, gone=lambda child, code: seen.gone.append((child, code)), **fields)
    kept.start()
    try:
        yield kept, seen
    finally:
        kept.close()
        await kept.wait_empty(5)
        pids = [child.pid for child in kept.children.values() if child.pid]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        await kept.dismiss_nursery()


async def test_children_are_born_with_the_sip_stack_but_neither_django_nor_secrets() -> None:
    heard: list[dict[str, Any]] = []
    async with running(idle=1) as (kept, seen):
        usual = kept._heard

        def hearing(child: pool.Child, message: dict[str, Any]) -> None:
            heard.append(message)
            usual(child, message)

        kept._heard = hearing  # type: ignore[method-assign]
        await auntil(lambda: seen.ready, within=BIRTH, what="a child to be ready")
    assert "pjsua2" in heard[0]["modules"]
    # It should have nothing that a stranger's packet could make use of
    assert not [name for name in heard[0]["modules"] if name.split(".")[0] in ("django", "psycopg")]
    assert heard[0]["secret"] is False


async def test_a_child_that_speaks_before_its_nursery_did_is_ready_when_its_pid_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = pool.Pool._begun

    def late(kept: pool.Pool, name: str, pid: int) -> None:
        kept._loop.call_later(0.3, begun, kept, name, pid)

    monkeypatch.setattr(pool.Pool, "_begun", late)
    async with running(idle=1) as (kept, seen):
        child = await kept.claim(BIRTH)
        assert child
        assert child.pid
        assert child in seen.ready


async def test_claims_beyond_the_idle_ones_are_served_as_processes_are_born() -> None:
    async with running(idle=1, limit=6) as (kept, _):
        claimed = await asyncio.gather(*(kept.claim(BIRTH) for _ in range(6)))
        assert len({child.name for child in claimed if child}) == 6


async def test_a_claim_beyond_the_limit_is_refused_at_once() -> None:
    async with running(idle=0, limit=2) as (kept, _):
        assert all(await asyncio.gather(kept.claim(BIRTH), kept.claim(BIRTH)))
        assert await asyncio.wait_for(kept.claim(), 0.5) is None


async def test_a_place_is_free_again_after_a_process_ended() -> None:
    async with running(idle=0, limit=1) as (kept, seen):
        child = await kept.claim(BIRTH)
        assert child
        os.kill(child.pid, signal.SIGKILL)
        await auntil(lambda: seen.gone, what="the death to be noticed")
        assert seen.gone == [(child, -signal.SIGKILL)]
        assert await kept.claim(BIRTH) is not None


async def test_a_crash_is_reported_with_its_signal_and_the_idle_ones_are_made_up_for() -> None:
    async with running(idle=2) as (_, seen):
        await auntil(lambda: len(seen.ready) >= 2, within=BIRTH, what="two idle children")
        os.kill(seen.ready[0].pid, signal.SIGSEGV)
        await auntil(lambda: seen.gone, what="the crash to be noticed")
        assert seen.gone[0][1] == -signal.SIGSEGV
        await auntil(lambda: len(seen.ready) >= 3, what="another child")


async def test_a_killed_nursery_takes_no_child_with_it_and_another_bears_the_next() -> None:
    async with running(idle=2) as (kept, seen):
        await auntil(lambda: len(seen.ready) >= 2, within=BIRTH, what="two idle children")
        [nursery] = [one for one in psutil.Process().children() if "telephony.nursery" in one.cmdline()]
        nursery.kill()
        await auntil(lambda: not nursery.is_running(), what="the nursery to be dead")
        assert not seen.gone
        claimed = await asyncio.gather(*(kept.claim(BIRTH) for _ in range(3)))
        assert all(claimed)
        # Those it bore can still end, in order or not
        os.kill(seen.ready[0].pid, signal.SIGKILL)
        await auntil(lambda: seen.gone, what="the death of an orphan to be noticed")
        assert seen.gone == [(seen.ready[0], pool.UNKNOWN)]


async def test_children_have_no_rights_of_root() -> None:
    async with running(idle=1) as (_, seen):
        await auntil(lambda: seen.ready, within=BIRTH, what="a child to be ready")
        status = await asyncio.to_thread(Path(f"/proc/{seen.ready[0].pid}/status").read_text)
        fields = {line.split(":")[0]: line.split()[1:] for line in status.splitlines()}
        expected = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
        assert set(fields["Uid"]) == {str(expected)}
        assert int(fields["CapEff"][0], 16).bit_count() <= 1  # at most the one that walks through closed folders


async def test_children_that_die_at_birth_are_not_started_in_a_tight_loop() -> None:
    async with running(idle=1, behaviour="stillborn") as (_, seen):
        await auntil(lambda: len(seen.gone) >= 2, within=BIRTH, what="two deaths")
        await asyncio.sleep(0.3)
        assert len(seen.gone) <= 4
        assert {code for _, code in seen.gone} == {3}


async def test_children_leave_when_the_pipe_closes() -> None:
    async with running(idle=2) as (kept, seen):
        await auntil(lambda: len(seen.ready) >= 2, within=BIRTH, what="two idle children")
        kept.close()
        assert await kept.wait_empty(5)


async def test_draining_lets_idle_children_go_and_starts_no_more() -> None:
    async with running(idle=2) as (kept, seen):
        await auntil(lambda: len(seen.ready) >= 2, within=BIRTH, what="two idle children")
        kept.drain()
        assert await kept.wait_empty(5)
        assert await kept.claim(BIRTH) is None
        assert [code for _, code in seen.gone] == [0, 0]


async def test_telling_a_dying_child_harms_nobody() -> None:
    async with running(idle=1) as (kept, seen):
        child = await kept.claim(BIRTH)
        assert child
        assert child.pid, "a signal to process 0 would end this whole run"
        os.kill(child.pid, signal.SIGKILL)
        for number in range(100):
            kept.tell(child, OfferWithdrawn(number))
        await auntil(lambda: seen.gone, what="the death to be noticed")


def options(name: str, number: int) -> dict[str, Any]:
    first = 21000 + 32 * number
    host = {"sip_host": "127.0.0.1", "edge": "127.0.0.1:9"}
    return {"node": "test", "name": name, "rtp_port_min": first, "rtp_port_max": first + 31, **host}


async def test_a_real_call_process_starts_warm_and_leaves_when_its_node_does() -> None:
    async with running(idle=2, target=CALL_PROCESS, birth=options) as (kept, seen):
        await auntil(lambda: len(seen.ready) >= 2, within=BIRTH, what="two call processes")
        assert all(child.sip_port for child in seen.ready)
        kept.close()
        assert await kept.wait_empty(5)
    assert [code for _, code in seen.gone] == [0, 0]


async def test_a_call_process_that_waits_costs_nothing() -> None:
    async with running(idle=1, target=CALL_PROCESS, birth=options) as (_, seen):
        await auntil(lambda: seen.ready, within=BIRTH, what="a call process")
        process = psutil.Process(seen.ready[0].pid)
        await auntil(lambda: process.status() == psutil.STATUS_SLEEPING, what="it to wait")
        before, end = spent(process), time.monotonic() + 2
        await auntil(lambda: time.monotonic() > end, within=3, what="two seconds to pass")
        assert spent(process) - before < 0.02
        assert process.is_running()


def spent(process: psutil.Process) -> float:
    """Seconds of CPU."""
    times = process.cpu_times()
    return times.user + times.system


async def test_the_clock_of_the_sound_starts_when_a_call_is_announced_and_not_before() -> None:
    async with running(idle=1, target=CALL_PROCESS, birth=options) as (kept, seen):
        await auntil(lambda: seen.ready, within=BIRTH, what="a call process")
        child = await kept.claim(BIRTH)
        assert child
        process = psutil.Process(child.pid)
        silent = process.num_threads()
        kept.tell(child, CallComing())
        await auntil(lambda: process.num_threads() == silent + 1, within=5, what="the thread of the clock")


@pytest.mark.parametrize("number", range(0, 300, 37))
def test_slices_of_rtp_ports_are_even_and_apart(number: int) -> None:
    first, last = pool.ports_of(number)
    following, _ = pool.ports_of(number + 1)
    assert first % 2 == 0
    assert last - first + 1 >= pool.LEAST_PORTS
    assert last < following
