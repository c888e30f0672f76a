"""Telephone numbers of the world, in the one form in which they can be compared: E.164, +4930123456."""

from __future__ import annotations

from typing import ClassVar

from .errors import Refusal


class NotANumber(Refusal):
    """This is not a telephone number of the world. Write it with the country, such as +49 30 123456."""

    code: ClassVar[str] = "not_a_number"


def e164(text: str, region: str = "") -> str:
    """`text` as people and networks write numbers, in E.164.

    :param region: country (DE, US, …) whose national numbers are understood too; empty: international ones only.
    :raises NotANumber: none, or one that no country has given out.
    """
    import phonenumbers  # its tables cost 40 ms: not for every process that imports this module

    written = text.strip()
    if not region and written.startswith("00"):
        written = f"+{written[2:]}"
    try:
        number = phonenumbers.parse(written, region or None)
    except phonenumbers.NumberParseException:
        raise NotANumber(field="number") from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise NotANumber(field="number")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def costs_extra(number: str) -> bool:
    """Whoever calls this number in E.164 pays somebody beyond the network: premium rate and shared cost."""
    import phonenumbers

    kinds = phonenumbers.PhoneNumberType
    return phonenumbers.number_type(phonenumbers.parse(number)) in (kinds.PREMIUM_RATE, kinds.SHARED_COST)


def readable(number: str) -> str:
    """As people of its country are used to seeing it from abroad: +49 30 123456. Anything else stays as it is."""
    import phonenumbers

    try:
        return str(phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL))
    except phonenumbers.NumberParseException:
        return number
