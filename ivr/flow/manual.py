"""The manual of the kinds of steps, written from their classes: `docs/flows.md` cannot say anything else than the code does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .catalogue import GROUPS, blank
from .fields import Field
from .steps import KINDS, Outlet, Step

BEGIN, END = "<!-- kinds: begin -->", "<!-- kinds: end -->"
NOTE = "<!-- Written by `manage.py flow_manual` from the steps; change them, not this part. -->"

WRITTEN: dict[str, str] = {
    "text": "text",
    "number": "number",
    "whole": "whole number",
    "flag": "`true` or `false`",
    "choice": "one of its values",
    "queue": "stable name of a queue",
    "schedule": "stable name of a schedule",
    "mailbox": "stable name of a mailbox",
    "flow": "stable name of a flow",
    "connection": "stable name of a connection",
    "rule": "stable name of a rule",
    "agent": "extension, in quotes",
    "expression": "expression",
    "template": "text with `{{expressions}}`",
    "variable": "name of a variable",
    "language": "code such as `en` or `de-AT`",
    "sayings": "what is heard",
    "assignments": "variables and expressions",
    "responses": "variables and expressions",
    "headers": "names and texts",
    "cases": "list of `{name, when}`",
    "variants": "names and shares",
    "skills": "skills and levels",
}
"""How each kind of field is written in a file."""


def with_kinds(page: str) -> str:
    """The page with its part about the kinds of steps as they are now.

    :raises ValueError: it has no place for it.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The page has no {BEGIN} … {END}.")
    return f"{before}{BEGIN}\n{NOTE}\n\n{kinds()}\n{END}{after}"


def kinds() -> str:
    return "\n".join(line for group, title in GROUPS.items() for line in _group(group, title)).rstrip() + "\n"


def _group(group: str, title: str) -> Iterator[str]:
    yield from (f"### {title}", "")
    for kind in KINDS.values():
        if kind.group == group:
            yield from _kind(kind)


def _kind(kind: type[Step]) -> Iterator[str]:
    yield from (f"#### `{kind.kind}` – {kind.title}", "", kind.hint, "")
    if kind.fields:
        yield from ("| field | written as | default | meaning |", "|---|---|---|---|")
        yield from (_field(one) for one in kind.fields)
        yield ""
    yield from (f"Exits: {_exits(kind)}.", "")


def _field(one: Field) -> str:
    extra = dict(one.extra)
    written = ", ".join(f"`{choice}`" for choice in extra["choices"]) if "choices" in extra else WRITTEN[one.kind]
    if "least" in extra:
        written += f", {extra['least']:g} to {extra['most']:g}"
    return f"| `{one.name}` | {written} | {'needed' if one.required else _default(one.default)} | {_meaning(one)} |"


def _meaning(one: Field) -> str:
    return f"{one.label}. {one.help}".replace("|", "\\|").rstrip()


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, int | float) else f"`{value}`" if value else "–"


def _exits(kind: type[Step]) -> str:
    grown = {
        "keys": "each key that is connected (`0` to `9`, `*`, `#`)",
        "cases": "each rule by its name",
        "variants": "each way by its name",
    }
    found = [grown[kind.grows]] if kind.grows else []
    found += [_exit(outlet) for outlet in blank(kind).outlets()]
    found += [f"{_exit(outlet)} if `{field}` is given" for field, outlets in kind.exits_when.items() for outlet in outlets]
    return "; ".join(found) or "none; the caller leaves the step for good"


def _exit(outlet: Outlet) -> str:
    return f"`{outlet.name}` ({outlet.label.lower()})" + ("" if outlet.required else ", may be left open")
