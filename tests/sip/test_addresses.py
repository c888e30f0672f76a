"""Other addresses than 127.0.0.1: calls work, and call processes stay behind the edge."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psutil
import pytest

from queues.models import Call
from tests.sip import facts
from tests.sip.edge.kit import Phone as Stranger
from tests.sip.harness.phones import Bank, Line, Phone
from tests.sip.harness.stack import PASSWORD, Stack, Team
from tests.until import until

OUTSIDE = "127.0.0.5"
ONE = {"BIND_ADDRESS": OUTSIDE}
"""As docs/operations.md has it: one address of the machine."""
ALL = {"BIND_ADDRESS": "0.0.0.0", "SIP_PUBLIC_ADDRESS": OUTSIDE}
"""Phones and call processes see different addresses of the edge."""


@pytest.fixture(scope="module", params=[ONE, ALL], ids=["one", "all"])
def running_stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("address")
    folder.parent.chmod(0o755)
    folder.parent.parent.chmod(0o755)
    with Stack(folder, **request.param) as stack:
        yield stack


@pytest.fixture
def team(stack: Stack) -> Team:
    return stack.team(agents=1)


@pytest.fixture
def agent(team: Team, bank: Bank) -> Phone:
    phone = bank.phone(team.agents[0].sip_username, PASSWORD, tone=1000).answering(after=0.1).register()
    facts.until_available(team.agents)
    return phone


def talk(team: Team, bank: Bank, agent: Phone) -> tuple[Line, Line]:
    """Caller and agent, who hear each other."""
    caller = bank.phone("caller", tone=440).call(f"sip:{team.number}@{bank.edge}")
    until(lambda: caller.hears(1000), within=8, what="the caller to hear the agent")
    answered = agent.talking
    assert answered
    until(lambda: answered.hears(440), what="the agent to hear the caller")
    return caller, answered


def test_a_call_is_heard_and_ended_by_either_side(team: Team, bank: Bank, agent: Phone) -> None:
    for number, leaving in enumerate(("caller", "agent"), 1):
        caller, answered = talk(team, bank, agent)
        (caller if leaving == "caller" else answered).hang_up()
        until(lambda ends=(caller, answered): all(end.over for end in ends), what="both to be free")  # type: ignore[misc]
        call = facts.until_all_over(team.queue, number)[-1]
        facts.was_answered(call, by=team.agents[0], hung_up_by=leaving)
        facts.until_available(team.agents)


def test_call_processes_take_sip_on_loopback_only(stack: Stack, team: Team, bank: Bank, agent: Phone) -> None:
    caller, _ = talk(team, bank, agent)
    until(lambda: len(sip_of_call_processes(stack)) > 1, what="an idle call process beside the one that talks")
    assert {host for host, _ in sip_of_call_processes(stack)} == {"127.0.0.1"}
    caller.hang_up()
    facts.until_all_over(team.queue, 1)


def test_an_invite_that_passes_by_the_edge_starts_no_call(stack: Stack, team: Team, bank: Bank, agent: Phone) -> None:
    # One that is about to end, after the test before, may not answer any more.
    until(lambda: {final_answer(process, team.number) for process in sip_of_call_processes(stack)} == {403}, within=20, what="403 of all")
    caller, _ = talk(team, bank, agent)
    caller.hang_up()
    facts.until_all_over(team.queue, 1)
    assert not Call.objects.filter(caller_number="stranger").exists()


def final_answer(process: tuple[str, int], number: str) -> int:
    """To an INVITE of somebody who claims that the edge knows him; 0 if there is none."""
    with contextlib.closing(Stranger(process)) as stranger, contextlib.suppress(TimeoutError):
        stranger.send(stranger.invite_request(number, "X-CC-Source: agent:1"), process)
        while (status := stranger.receive().status) < 200:
            pass
        return status
    return 0


def sip_of_call_processes(stack: Stack) -> set[tuple[str, int]]:
    """The addresses of their UDP sockets that are not for audio."""
    low, high = (int(stack.environment[name]) for name in ("RTP_PORT_MIN", "RTP_PORT_MAX"))
    sockets = [bound for one in stack.processes() for bound in bound_by(one)]
    return {(host, port) for host, port in sockets if not low <= port <= high}


def bound_by(process: psutil.Process) -> list[tuple[str, int]]:
    """The sockets of a call process; none of another, or of one that is just ending."""
    with contextlib.suppress(psutil.Error, FileNotFoundError):
        if "telephony.nursery" in process.cmdline():
            return [(str(bound.laddr.ip), int(bound.laddr.port)) for bound in process.net_connections("inet")]
    return []
