"""Which trunk a number goes to."""

from __future__ import annotations

import pytest

from callcenter.core.e164 import NotANumber, costs_extra, e164, readable
from telephony.dialrules import MOST_DIGITS, Rule, allowed, fitting


def test_the_first_rule_that_fits_counts_for_each_trunk() -> None:
    rules = [Rule(1, "+4930"), Rule(2, "+49", strip=1), Rule(1, "+"), Rule(3, "+43")]
    assert fitting("+4930123456", rules) == [rules[0], rules[1]]
    assert fitting("+14155550100", rules) == [rules[2]]


def test_what_is_sent_is_stripped_and_prepended() -> None:
    assert Rule(1, "+49", strip=3, prepend="0").sent("+4930123456") == "030123456"
    assert Rule(1, "+", prepend="00", strip=1).sent("+4930123456") == "004930123456"


def test_a_rule_that_strips_the_whole_number_fits_none() -> None:
    assert fitting("+49301", [Rule(1, "+49", strip=20)]) == []


def test_no_more_digits_are_sent_than_the_edge_reads() -> None:
    assert len(Rule(1, "+", prepend="9" * 20).sent("+" + "1" * 19)) == MOST_DIGITS


def test_nothing_is_allowed_by_an_empty_list() -> None:
    assert not allowed("+4930123456", [])
    assert allowed("+4930123456", ["+43", "+49"])


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("+49 30 12345678", "", "+493012345678"), ("0049 (30) 123-45678", "", "+493012345678"), ("030 12345678", "DE", "+493012345678"),
        ("(650) 253-0000", "US", "+16502530000"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(written: str, region: str, number: str) -> None:
    assert e164(written, region) == number


@pytest.mark.parametrize("written", ["", "alice", "anonymous", "112", "030 12345678", "+49", "+999 123 456 789", "+493012345678 ext. 5"])
def test_what_is_no_number_of_the_world_is_refused(written: str) -> None:
    with pytest.raises(NotANumber):
        e164(written)


def test_numbers_that_cost_extra_are_known() -> None:
    assert costs_extra("+499001234567")
    assert not costs_extra("+493012345678")


def test_numbers_are_shown_as_people_read_them() -> None:
    assert readable("+493012345678") == "+49 30 12345678"
    assert readable("alice") == "alice"
