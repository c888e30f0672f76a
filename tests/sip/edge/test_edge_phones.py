"""Call processes reach agents' phones, and nobody else does."""

from __future__ import annotations

from typing import Any

from tests.sip.edge.calls import Call, dial
from tests.sip.edge.kit import Edge, Phone, Process


def test_a_process_calls_a_device(process: Process, edge: Edge, agent: Any, desk: Phone) -> None:
    process.send(dial(process, edge, agent), edge.address)
    invite = desk.receive()
    assert invite.start == "INVITE sip:desk@192.0.2.77:7777;line=1 SIP/2.0"
    assert not invite.get("x-cc-secret")
    assert b"RTP/AVP 9 8 0 101" in invite.body
    ringing = invite.reply(180, "Ringing", to_tag="desk")
    desk.send(ringing, edge.address)
    assert process.receive().status == 180
    process.send(dial(process, edge, agent, "CANCEL", ""), edge.address)
    cancel = desk.receive()
    assert cancel.method == "CANCEL"
    assert cancel.values("via")[0] == invite.values("via")[0]
    assert [process.receive().status for _ in range(2)] == [200, 487], "answered by the edge, whatever the phone says"
    desk.send(cancel.reply(200, "OK", to_tag="desk"), edge.address)
    desk.send(invite.reply(487, "Request Terminated", to_tag="desk"), edge.address)
    assert desk.receive().method == "ACK"
    process.send(dial(process, edge, agent, "ACK", "").replace(">\r\nCall-ID", ">;tag=edge\r\nCall-ID"), edge.address)
    assert process.silent(0.6), "its ACK ends the transaction"


def test_a_group_rings_at_once(process: Process, edge: Edge, agent: Any, desk: Phone) -> None:
    """One of them is known to nobody."""
    device = agent.devices.get().pk
    process.send(dial(process, edge, agent).replace(f"device-{device}", f"device-{device}-{10**17}"), edge.address)
    invite = desk.receive()
    gone = process.receive()
    assert (gone.status, gone.get("x-cc-device"), gone.get("reason")) == (199, str(10**17), "SIP ;cause=480")
    desk.send(invite.reply(486, "Busy Here", ("X-CC-Device", "7"), to_tag="desk"), edge.address)
    failure = process.receive()
    assert (failure.status, failure.values("x-cc-device")) == (480, [])
    assert failure.get("x-cc-ends") == f"{device}=486,{10**17}=480"


def test_a_phone_that_signs_off_while_it_rings_hears_the_cancel(process: Process, edge: Edge, agent: Any, desk: Phone) -> None:
    invite, cancel = dial(process, edge, agent), dial(process, edge, agent, "CANCEL", "")
    process.send(invite, edge.address)
    desk.send(desk.receive().reply(180, "Ringing", to_tag="desk"), edge.address)
    assert process.receive().status == 180
    assert desk.register("Contact: *", "Expires: 0").status == 200
    process.send(cancel, edge.address)
    assert desk.receive().method == "CANCEL"
    assert [process.receive().status for _ in range(2)] == [200, 487]
    process.send(invite.replace("z9hG4bKout", "z9hG4bKlater"), edge.address)
    assert process.receive().status == 480


def test_the_phone_hangs_up(process: Process, edge: Edge, agent: Any, desk: Phone) -> None:
    process.send(dial(process, edge, agent), edge.address)
    invite = desk.receive()
    routes = [f"Route: {value}" for value in invite.values("record-route")]
    target = f"sip:{process.host}:{process.port}"
    desk.send(desk.request("BYE", target, *routes, call_id=invite.call_id, to="<sip:a@b>;tag=t1", tag="desk"), edge.address)
    assert process.receive().method == "BYE"


def test_only_processes_reach_devices(stranger: Phone, edge: Edge, agent: Any, desk: Phone) -> None:
    device = agent.devices.get().pk
    assert stranger.ask(stranger.invite_request(f"device-{device}")).status == 407
    assert desk.silent()


def test_the_caller_of_a_dead_process_gets_its_bye(call: Call, edge: Edge) -> None:
    call.answer()
    dialog = {
        "call_id": call.call_id, "local_uri": f"<sip:{call.number}@x>", "local_tag": "ours", "remote_uri": "<sip:stranger@callcenter>",
        "remote_tag": "t1", "remote_target": f"sip:stranger@{call.phone.host}:{call.phone.port}", "local_cseq": 4,
        "route_set": call.invite.values("record-route"),
    }  # fmt: skip
    edge.tell(op="bye", dialog=dialog)
    bye = call.phone.receive()
    assert bye.start == f"BYE {dialog['remote_target']} SIP/2.0"
    assert (bye.tag("from"), bye.tag("to"), bye.cseq, bye.call_id) == ("ours", "t1", 5, call.call_id)
    assert call.phone.receive().encode() == bye.encode(), "repeated until answered"
    call.phone.send(bye.reply(200, "OK"), edge.address)
    assert call.phone.silent(1.2)


def test_a_bye_goes_only_where_our_own_token_says(stranger: Phone, edge: Edge) -> None:
    dialog = {
        "call_id": "c", "local_uri": "<sip:a@b>", "local_tag": "1", "remote_uri": "<sip:c@d>", "remote_tag": "2", "local_cseq": 1,
        "remote_target": f"sip:{stranger.host}:{stranger.port}", "route_set": [],
    }  # fmt: skip
    edge.tell(op="bye", dialog=dialog)
    assert stranger.silent(0.3)
    assert edge.alive()
