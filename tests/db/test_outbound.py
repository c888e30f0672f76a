"""Who may be called outside, and how many at once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from callcenter.core import events, sealed
from callcenter.core.errors import Refusal
from queues.models import Call
from telephony.edge import directory
from telephony.edge.tokens import Signer
from telephony.models import DialRule, OutboundCall, Trunk
from telephony.services import outbound
from tests.db import cast

NUMBER = "+493012345678"


def trunk(name: str = "provider", **fields: object) -> Trunk:
    given = {"host": "192.0.2.9", "allowed_prefixes": "+49\n+43", "caller_id": "+4940555555", "addresses": ""} | fields
    made = Trunk(name=name, **given)
    made.full_clean()
    made.save()
    return made


def rule(to: Trunk, prefix: str = "+49", **fields: object) -> DialRule:
    return DialRule.objects.create(trunk=to, prefix=prefix, **fields)


def permit(number: str = NUMBER, call: Call | None = None) -> outbound.Permit:
    return outbound.permit((call or cast.arrive()).pk, number, purpose="callback")


@pytest.mark.django_db
def test_leave_names_trunk_and_number_as_the_rule_wants_it() -> None:
    provider = trunk()
    rule(provider, strip=3, prepend="0")
    given = permit()
    leave = Signer(settings.SECRET_KEY).read_leave(given.user)
    assert leave
    assert (leave.trunk, leave.number, leave.id) == (provider.pk, "03012345678", given.id)
    assert given.uri("127.0.0.1:5060") == f"sip:{given.user}@127.0.0.1:5060"
    assert OutboundCall.objects.get().number == NUMBER


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("number", "code"),
    [("+14155550100", "no_dial_rule"), ("+41446681800", "country_not_allowed"), ("+499001234567", "premium_refused")],
)
def test_refusals_are_clear_and_stand_in_the_time_line(number: str, code: str) -> None:
    provider = trunk()
    rule(provider)
    rule(provider, "+41")
    call = cast.arrive()
    with pytest.raises(outbound.OutboundRefused) as refused:
        permit(number, call)
    assert refused.value.code == code
    last = events.about("call", call.pk).last()
    assert last
    assert (last.type, last.cause) == ("call.outbound_refused", code)
    assert not OutboundCall.objects.exists()


@pytest.mark.django_db
def test_premium_numbers_can_be_allowed() -> None:
    rule(trunk(premium_allowed=True))
    assert permit("+499001234567")


@pytest.mark.django_db
def test_trunks_and_rules_that_are_off_carry_nothing() -> None:
    rule(trunk(active=False))
    rule(trunk("other"), active=False)
    with pytest.raises(outbound.NoDialRule):
        permit()


@pytest.mark.django_db
def test_no_more_calls_at_once_than_the_trunk_may_have() -> None:
    rule(trunk(max_outgoing=2))
    first, second = cast.arrive(), cast.arrive()
    permit(call=first)
    permit(call=second)
    with pytest.raises(outbound.TrunkFull):
        permit()
    outbound.ended(first.pk)
    permit()


@pytest.mark.django_db
def test_a_call_that_is_over_takes_no_room_whoever_died() -> None:
    from queues import services as acd

    rule(trunk(max_outgoing=1))
    call = cast.arrive()
    permit(call=call)
    acd.process_lost(call.node, call.process)
    permit()


@pytest.mark.django_db
def test_no_more_calls_in_an_hour_than_the_trunk_may_begin() -> None:
    rule(trunk(max_outgoing_per_hour=1))
    call = cast.arrive()
    permit(call=call)
    outbound.ended(call.pk)
    with pytest.raises(outbound.TrunkQuotaUsed):
        permit()
    OutboundCall.objects.update(permitted_at=timezone.now() - timedelta(minutes=61))
    permit()


@pytest.mark.django_db
def test_a_full_trunk_is_passed_over_for_the_next_that_fits() -> None:
    first, second = trunk(max_outgoing=1), trunk("second")
    rule(first, position=1)
    rule(second, "+", position=2)
    permit()
    permit()
    assert list(OutboundCall.objects.order_by("id").values_list("trunk", flat=True)) == [first.pk, second.pk]


@pytest.mark.django_db(transaction=True)
def test_two_calls_that_want_the_last_place_do_not_both_get_it() -> None:
    rule(trunk(max_outgoing=1))
    calls = [cast.arrive(), cast.arrive()]
    gate, given = threading.Barrier(2), list[str]()

    def ask(call: Call) -> None:
        gate.wait()
        try:
            given.append(permit(call=call).user)
        except Refusal:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 1


# ---- what is set up ------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"host": "sip:192.0.2.9"}, "host"), ({"domain": "a b"}, "domain"), ({"caller_id": "office"}, "caller_id"),
        ({"allowed_prefixes": ""}, "allowed_prefixes"), ({"allowed_prefixes": "+"}, "allowed_prefixes"),
        ({"allowed_prefixes": "49"}, "allowed_prefixes"), ({"max_outgoing": 0}, "max_outgoing"), ({"port": 70000}, "port"),
    ],
)  # fmt: skip
def test_a_trunk_that_cannot_work_is_refused_by_field(fields: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        trunk(**fields)  # type: ignore[arg-type]
    assert field in refused.value.message_dict


@pytest.mark.django_db
def test_a_dial_rule_needs_a_trunk_that_goes_outside() -> None:
    inward = Trunk.objects.create(name="inward", addresses="192.0.2.1")
    with pytest.raises(ValidationError) as refused:
        DialRule(trunk=inward, prefix="+49").full_clean()
    assert "trunk" in refused.value.message_dict
    with pytest.raises(ValidationError) as refused:
        DialRule(trunk=inward, prefix="0049").full_clean()
    assert "prefix" in refused.value.message_dict


@pytest.mark.django_db
def test_the_edge_knows_providers_and_their_passwords_and_rows_do_not() -> None:
    secret = sealed.seal("open sesame")
    assert "sesame" not in secret
    provider = trunk(auth_username="site", auth_secret=secret, port=5070)
    trunk("inward", host="", addresses="192.0.2.77")
    found = directory.read().providers
    assert list(found) == [provider.pk]
    assert (found[provider.pk].password, found[provider.pk].address, found[provider.pk].host) == (
        "open sesame", ("192.0.2.9", 5070), "192.0.2.9:5070",
    )  # fmt: skip
    assert "sesame" not in repr(found)


@pytest.mark.django_db
def test_a_password_sealed_with_a_lost_key_does_not_stop_the_edge() -> None:
    provider = trunk(auth_username="site", auth_secret="gAAAAA-not-ours")
    assert directory.read().providers[provider.pk].password == ""


def test_what_was_sealed_before_the_key_was_changed_can_be_read(settings: object) -> None:
    secret = sealed.seal("old")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "new"  # type: ignore[attr-defined]
    assert sealed.unseal(secret) == "old"
