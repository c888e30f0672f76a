"""Session descriptions: whatever goes in, what comes out is of the small grammar, or nothing."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.edge import sdp
from tests.sip.edge.kit import SDP
from tests.sip.edge.mutants import mutate

IPV4 = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}"
GRAMMAR = re.compile(
    rf"v=0|o=- [0-9]{{1,19}} [0-9]{{1,19}} IN IP4 {IPV4}|s=-|t=0 0|c=IN IP4 {IPV4}|m=audio [0-9]{{1,5}} RTP/AVP(?: [0-9]{{1,3}})+"
    rf"|m=(?:video|application) 0 RTP/AVP 0|a=rtpmap:0 PCMU/8000|a=rtpmap:8 PCMA/8000|a=rtpmap:9 G722/8000"
    rf"|a=rtpmap:[0-9]{{2,3}} telephone-event/8000|a=fmtp:[0-9]{{2,3}} [0-9][0-9,-]{{0,39}}|a=ptime:[1-6][0-9]"
    rf"|a=rtcp:[0-9]{{1,5}}(?: IN IP4 {IPV4})?|a=(?:sendrecv|sendonly|recvonly|inactive)"
)
REFUSALS = (sdp.BadDescription, sdp.NothingInCommon)


def cleaned(text: str, *, wideband: bool = False) -> list[str]:
    return sdp.clean(text.encode("latin-1"), wideband=wideband).decode().split("\r\n")[:-1]


def with_line(line: str) -> str:
    return SDP + line + "\r\n"


def check(body: bytes) -> None:
    try:
        clean = sdp.clean(body, wideband=True)
    except REFUSALS:
        return
    for line in clean.decode("ascii").split("\r\n")[:-1]:
        assert GRAMMAR.fullmatch(line), line
    assert sdp.clean(clean, wideband=True) == clean, "what is clean stays as it is"
    assert b"\r\nc=" in clean.partition(b"\r\nm=")[0], "an address for every stream"
    assert all(int(number) <= 127 for number in re.search(rb"RTP/AVP ([0-9 ]+)", clean)[1].split())  # type: ignore[index]


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 1 << 40))
def test_mutated_descriptions_come_out_clean_or_not_at_all(seed: int) -> None:
    check(mutate("\r\n\r\n" + SDP, Random(seed)).encode("latin-1"))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600))
def test_junk_comes_out_clean_or_not_at_all(junk: bytes) -> None:
    check(junk)
    check(SDP.encode() + junk)


def test_a_stream_that_is_switched_off_has_an_address() -> None:
    """PJSIP 2.15.1 reads it (sort_media), and reads through a null pointer where there is none."""
    lines = cleaned(SDP.replace("c=IN IP4 127.0.0.1\r\n", "") + "c=IN IP4 192.0.2.7\r\nm=audio 4002 RTP/AVP 8\r\n")
    assert lines[-1] == "m=audio 0 RTP/AVP 0"
    assert "c=IN IP4 192.0.2.7" in lines[: lines.index("m=audio 4000 RTP/AVP 8 0 101")]


def test_codecs_that_we_do_not_speak_fall_away() -> None:
    lines = cleaned(SDP.replace("RTP/AVP 9 8 0 101", "RTP/AVP 97 98 13 9 8 0 3 101"))
    assert "m=audio 4000 RTP/AVP 8 0 101" in lines


def test_g722_stays_for_our_own_phones() -> None:
    assert "m=audio 4000 RTP/AVP 9 8 0 101" in cleaned(SDP, wideband=True)


@pytest.mark.parametrize("ptime", ["0", "9", "61", "200", "540", "-20", "20.5", "4294967316", "\xb2\xb0"])
def test_a_ptime_out_of_range_falls_away(ptime: str) -> None:
    assert not any(line.startswith("a=ptime") for line in cleaned(SDP.replace("a=ptime:20", f"a=ptime:{ptime}")))


@pytest.mark.parametrize("ptime", ["10", "20", "30", "60"])
def test_a_usual_ptime_stays(ptime: str) -> None:
    assert f"a=ptime:{ptime}" in cleaned(SDP.replace("a=ptime:20", f"a=ptime:{ptime}"))


@pytest.mark.parametrize("address", ["a" * 254, "host.example.com", "1.2.3", "1.2.3.256", "224.1.1.1", "255.255.255.255", "::1", ""])
def test_only_numeric_unicast_addresses_pass(address: str) -> None:
    with pytest.raises(REFUSALS):
        cleaned(SDP.replace("c=IN IP4 127.0.0.1", f"c=IN IP4 {address}"))


@pytest.mark.parametrize("protocol", ["RTP/SAVP", "RTP/AVPF", "UDP/TLS/RTP/SAVPF", "TCP/RTP/AVP"])
def test_other_profiles_are_refused(protocol: str) -> None:
    with pytest.raises(REFUSALS):
        cleaned(SDP.replace("RTP/AVP", protocol))


def test_without_a_codec_of_ours_the_call_is_refused() -> None:
    with pytest.raises(sdp.NothingInCommon):
        cleaned(SDP.replace("9 8 0 101", "97 101"))


def test_video_keeps_its_place_and_is_switched_off() -> None:
    lines = cleaned("".join((SDP, "m=video 4002 RTP/AVP 96\r\n", "a=rtpmap:96 H264/90000\r\n")))
    assert lines[-1] == "m=video 0 RTP/AVP 0"


@pytest.mark.parametrize("direction", ["sendonly", "recvonly", "inactive", "sendrecv"])
def test_hold_passes(direction: str) -> None:
    assert cleaned(with_line(f"a={direction}"))[-1] == f"a={direction}"


def test_a_host_name_in_the_origin_is_replaced() -> None:
    assert cleaned(SDP.replace("o=- 1 1 IN IP4 127.0.0.1", "o=joe 7 8 IN IP4 my.pc"))[1] == "o=- 7 8 IN IP4 0.0.0.0"


def test_events_keep_their_range() -> None:
    assert "a=fmtp:101 0-15" in cleaned(SDP)
    assert not any("fmtp" in line for line in cleaned(SDP.replace("0-15", "0-15;x=1")))
