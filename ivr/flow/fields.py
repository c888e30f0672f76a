"""The fields of steps: what may be in them, how a builder asks for them, and what is said when they are wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import expressions
from .complaints import BadValue

SLUG = re.compile(r"^[A-Za-z0-9_-]{1,50}$")
VARIABLE = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Field:
    """
    :ivar kind: how a builder asks for it: one of `READERS`.
    :ivar extra: bounds and choices, by kind.
    """

    name: str
    kind: str
    label: str
    help: str = ""
    default: Any = None
    required: bool = False
    extra: tuple[tuple[str, Any], ...] = ()

    @property
    def nothing(self) -> Any:
        """What stands there while it cannot be read."""
        return EMPTY.get(self.kind, "") if self.default is None else self.default

    def read(self, value: Any) -> Any:
        """The value as the step uses it.

        :raises BadValue: it cannot be that; names the remedy.
        """
        if value is None or value in ("", [], {}):
            if self.required:
                raise BadValue(f"{self.label} is missing. {self.help}".strip())
            return self.default
        return READERS[self.kind](value, **dict(self.extra))


def _text(value: Any, longest: int = LONGEST_TEXT) -> str:
    if not isinstance(value, str):
        raise BadValue("This is a text; put it in quotes.")
    if len(value) > longest:
        raise BadValue(f"The text has {len(value)} characters; {longest} at most.")
    return value


def _number(value: Any, least: float = 0, most: float = 3600) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BadValue(f"This is a number from {least:g} to {most:g}.")
    return value


def _whole(value: Any, least: int = 0, most: int = 3600) -> int:
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if not whole or not least <= value <= most:
        raise BadValue(f"This is a whole number from {least} to {most}.")
    return int(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue("This is true or false.")
    return value


def _choice(value: Any, choices: tuple[str, ...] = ()) -> str:
    if value not in choices:
        raise BadValue(f"This is one of {', '.join(choices)}.")
    return str(value)


def _slug(value: Any) -> str:
    """A queue, schedule, box, prompt or flow by its stable name."""
    if not isinstance(value, str) or not SLUG.match(value):
        raise BadValue("This is a stable name: letters, digits, - and _, such as support.")
    return value


def _expression(value: Any, known: tuple[str, ...] = ()) -> str:
    source = _text(str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value, expressions.LONGEST)
    expressions.check(source, frozenset(known))
    return source


def _template(value: Any, known: tuple[str, ...] = ()) -> str:
    """A text with {{expressions}} in it."""
    text = _text(value)
    for inside in expressions.places(text):
        expressions.check(inside, frozenset(known))
    return text


def _variable(value: Any) -> str:
    if not isinstance(value, str) or not VARIABLE.match(value):
        raise BadValue("A variable is a small letter, then small letters, digits and _, such as account_number.")
    return value


def _language(value: Any) -> str:
    if not isinstance(value, str) or not LANGUAGE.match(value):
        raise BadValue("A language is a code such as en, de or pt-BR.")
    return value


def _sayings(value: Any) -> tuple[Any, ...]:
    """What is to be heard: a text, texts by language, {"prompt": slug}, or a list of these."""
    parts = value if isinstance(value, list) else [value]
    return tuple(_part(part, index, lambda one: _saying(one)) for index, part in enumerate(parts))


def _saying(value: Any) -> Any:
    if isinstance(value, str):
        return _template(value)
    if isinstance(value, dict) and set(value) == {"prompt"}:
        return {"prompt": _slug(value["prompt"])}
    texts = value.get("say", value) if isinstance(value, dict) else None
    if not isinstance(texts, dict) or not texts:
        raise BadValue('Say a text, texts by language such as {"en": "Hello", "de": "Hallo"}, or {"prompt": "welcome"}.')
    return {"say": {_language(code): _template(text) for code, text in texts.items()}}


def _assignments(value: Any) -> dict[str, str]:
    """Variables and the expressions that they get."""
    if not isinstance(value, dict):
        raise BadValue('Give variables their expressions: {"vip": "caller.priority > 5"}.')
    return {_variable(name): _part(source, name, _expression) for name, source in value.items()}


def _responses(value: Any) -> dict[str, str]:
    """Variables and where in a web service's answer their values are."""
    if not isinstance(value, dict):
        raise BadValue('Give variables their places in the answer: {"tier": "response.customer.tier"}.')
    return {_variable(name): _part(source, name, lambda one: _expression(one, ("response",))) for name, source in value.items()}


def _cases(value: Any) -> tuple[tuple[str, str], ...]:
    """Conditions in order, each with the name of its exit."""
    if not isinstance(value, list) or not value:
        raise BadValue('List the cases in order: [{"name": "vip", "when": "caller.priority > 5"}].')
    return tuple(_part(case, index, _case) for index, case in enumerate(value))


def _case(value: Any) -> tuple[str, str]:
    if not isinstance(value, dict) or set(value) != {"name", "when"}:
        raise BadValue('A case has a name and a condition: {"name": "vip", "when": "caller.priority > 5"}.')
    return _slug(value["name"]), _expression(value["when"])


def _variants(value: Any) -> tuple[tuple[str, int], ...]:
    """Names of exits with their shares."""
    if not isinstance(value, dict) or len(value) < 2:
        raise BadValue('Give at least two variants their shares: {"short": 50, "long": 50}.')
    found = tuple((_slug(name), _part(weight, name, lambda one: _whole(one, 0, 1000))) for name, weight in value.items())
    if not sum(weight for _, weight in found):
        raise BadValue("At least one variant needs a share above 0.")
    return found


def _skills(value: Any) -> tuple[tuple[str, int], ...]:
    """Skills and the least level of each."""
    if not isinstance(value, dict):
        raise BadValue('Give skills their least level, 1 to 5: {"German": 3}.')
    return tuple((_text(name, 60), _part(level, name, lambda one: _whole(one, 1, 5))) for name, level in value.items())


def _headers(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise BadValue('Give headers their values: {"Accept-Language": "{{language}}"}.')
    return {_header_name(name): _part(text, name, _template) for name, text in value.items()}


def _header_name(value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"^[A-Za-z0-9-]{1,60}$", value):
        raise BadValue("A header's name has letters, digits and - only.")
    return value


def check_address(text: str) -> None:
    """
    :raises BadValue: it is no whole address, or its host would depend on the call.
    """
    if not re.match(r"^https?://[^/\s{}@]+(/|$|\?)", text):
        example = "https://crm.example.org/callers/{{caller.number}}"
        raise BadValue(f"Choose a connection, or give a whole address whose host has no {{{{…}}}}, such as {example}.")


def _part(value: Any, at: str | int, read: Callable[[Any], Any]) -> Any:
    try:
        return read(value)
    except BadValue as bad:
        raise BadValue(bad.message, (at, *bad.at)) from None


READERS: dict[str, Callable[..., Any]] = {
    "text": _text, "number": _number, "whole": _whole, "flag": _flag, "choice": _choice, "queue": _slug, "schedule": _slug,
    "mailbox": _slug, "flow": _slug, "expression": _expression, "template": _template, "variable": _variable, "language": _language,
    "sayings": _sayings, "assignments": _assignments, "responses": _responses, "cases": _cases, "variants": _variants, "skills": _skills,
    "headers": _headers, "agent": _text, "connection": _slug, "rule": _slug,
}  # fmt: skip
"""How each kind of field is read."""

EMPTY: dict[str, Any] = {
    "sayings": (), "cases": (), "variants": (), "skills": (), "assignments": {}, "responses": {}, "headers": {}, "number": 0, "whole": 0,
    "flag": False,
}  # fmt: skip
"""What stands, by kind, in the place of a value that cannot be read, so that the rest of the flow can be judged."""
