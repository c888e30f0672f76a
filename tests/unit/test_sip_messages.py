"""Reading SIP text: what callers and phones may write, and what they should not be able to do with it."""

from __future__ import annotations

import pytest

from telephony.pjsua import messages

INVITE = (
    "INVITE sip:support@host SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nf: \"Ann\"\r\n <sip:ann@a>;tag=x1\r\nTo: <sip:support@host>\r\n"
    "Record-Route: <sip:e1;lr;x=\"a,b\">, <sip:e2;lr>\r\nrecord-route:<sip:e3;lr>\r\nContact:<sip:ann@10.0.0.1:5062;ob>;expires=3\r\n\r\n"
    "From: <sip:body@is.no.header>\r\n"
)  # fmt: skip


def test_header__folded_compact_and_in_any_case() -> None:
    assert messages.header(INVITE, "From") == '"Ann" <sip:ann@a>;tag=x1'
    assert messages.headers(INVITE, "from") == ['"Ann" <sip:ann@a>;tag=x1']
    assert messages.header(INVITE, "X-None") == ""


def test_routes__of_several_headers_and_lists_in_order() -> None:
    values = messages.headers(INVITE, "Record-Route")
    assert messages.split_list(values) == ('<sip:e1;lr;x="a,b">', "<sip:e2;lr>", "<sip:e3;lr>")


@pytest.mark.parametrize(
    ("value", "name", "address", "user"),
    [
        ('"Ann \\"A\\" B" <sip:ann@a>;tag=1', 'Ann "A" B', "sip:ann@a", "ann"),
        ("Ann B <sip:%2B49301@a>", "Ann B", "sip:%2B49301@a", "+49301"),
        ("<tel:+49301;phone-context=x>", "", "tel:+49301;phone-context=x", "+49301"),
        ("sip:ann@a;tag=1", "", "sip:ann@a", "ann"),
        ("<sip:ann:secret@a>", "", "sip:ann:secret@a", "ann"),
        ("<sip:host.only>", "", "sip:host.only", ""),
        ("", "", "", ""),
        ('"unterminated <sip:ann@a>', "", '"unterminated <sip:ann@a>', ""),
    ],
)
def test_name_address(value: str, name: str, address: str, user: str) -> None:
    assert messages.display_name(value) == name
    assert messages.uri(value) == address
    assert messages.user(messages.uri(value)) == user


def test_tag__only_of_the_header_not_of_the_uri() -> None:
    assert messages.tag("<sip:a@b;tag=inside>;tag=outside;x=1") == "outside"
    assert messages.tag("<sip:a@b;tag=inside>") == ""


@pytest.mark.parametrize("evil", ["a\x00b", "a\r\nX: y", "a\u202eb", "a\udc80b", "a\x1b[31mb", "a" * 1000])
def test_plain__is_safe_to_store_and_show(evil: str) -> None:
    text = messages.plain(evil, 80)
    assert len(text) <= 80
    assert text.isprintable()
    text.encode("utf-8")


def test_name_address_made__cannot_be_broken_out_of() -> None:
    assert messages.name_address('x" <sip:evil@e>\r\nX: 1', "sip:1@h") == '"x <sip:evil@e> X: 1" <sip:1@h>'
    assert messages.name_address("", "sip:1@h") == "<sip:1@h>"


def test_escaped_user__keeps_numbers_and_hides_separators() -> None:
    assert messages.escaped_user("+49 30@x") == "+49%2030%40x"
