"""Flows as text, JSON or YAML: read safely, with the line of what is wrong, and written so that a difference can be read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from .complaints import Complaint, FlowError, Path

LONGEST = 1_000_000
"""Characters: far more than 500 steps need."""
DEEPEST = 12


class TextError(FlowError):
    """The text is no flow document; the complaint names the line."""

    code = "bad_text"

    def __init__(self, message: str, line: int = 0) -> None:
        place = f"Line {line}: " if line else ""
        super().__init__([Complaint((), f"{place}{message}")])
        self.line = line


def loads(text: str) -> Any:
    """The document in a text; JSON is YAML as well.

    :raises TextError: with the line.
    """
    return _Lines(text).value()


def line_of(text: str, path: Path) -> int:
    """The line on which the part of the document at `path` stands, counted from 1; that of the nearest part around it if it is
    missing, 1 if the text cannot be read."""
    return lines_of(text, [path])[0]


def lines_of(text: str, paths: Sequence[Path]) -> list[int]:
    """`line_of` for many paths; the text is read once."""
    try:
        lines = _Lines(text)
    except TextError:
        return [1] * len(paths)
    return [lines.line(path) for path in paths]


def storable(document: Any) -> list[Complaint]:
    """Why this cannot be kept, whatever it means: what neither JSON nor the database can hold, or what is too much."""
    found = next(_unstorable(document, ()), None)
    if found is None and len(json.dumps(document, ensure_ascii=False)) > LONGEST:
        found = Complaint((), f"The flow is longer than {LONGEST:,} characters.")
    return [found] if found else []


def _unstorable(value: Any, path: Path) -> Iterator[Complaint]:
    if len(path) > DEEPEST:
        yield Complaint(path[:3], f"The document is nested deeper than {DEEPEST} levels.")
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _unstorable(str(key), path)
            yield from _unstorable(part, (*path, str(key)))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _unstorable(part, (*path, index))
    elif isinstance(value, str) and any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value):
        yield Complaint(path, "The text has a character that is none, such as a zero byte. Type it anew.")
    elif isinstance(value, float) and not math.isfinite(value):
        yield Complaint(path, "This is no number.")
    elif isinstance(value, int) and abs(value) > 10**15:
        yield Complaint(path, "The number is too large; put it in quotes if it is a name.")


def dumps_json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def dumps_yaml(document: Any) -> str:
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120))


class _Lines:
    """A document as nodes that know their lines. Aliases are refused: with them nine lines unfold to a billion parts."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise TextError(f"The text is longer than {LONGEST:,} characters.")
        try:
            self._refuse_abuse(text)
            self.root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            raise TextError(_what(error), _line(error.problem_mark)) from None
        except yaml.YAMLError as error:
            raise TextError(f"This is neither JSON nor YAML: {str(error).splitlines()[0]}") from None

    def _refuse_abuse(self, text: str) -> None:
        """Before anything is built of it: what follows goes as deep as the text does."""
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise TextError("Aliases (*name) are not used in flows; write the part out.", _line(event.start_mark))
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise TextError(f"The document is nested deeper than {DEEPEST} levels.", _line(event.start_mark))

    def value(self) -> Any:
        if self.root is None:
            raise TextError("The text is empty.")
        return self._value(self.root)

    def _value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(part) for part in node.value]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise TextError("The name of a part is a text.", _line(key.start_mark))
            name = str(key.value)
            if name in found:
                raise TextError(f"“{name}” is there twice.", _line(key.start_mark))
            found[name] = self._value(value)
        return found

    def _scalar(self, node: yaml.Node) -> Any:
        tag = node.tag.rpartition(":")[2]
        if tag not in ("str", "int", "float", "bool", "null"):
            if tag == "timestamp":
                return str(node.value)
            raise TextError(f"Values are texts, numbers, true or false; not {tag}.", _line(node.start_mark))
        try:
            return yaml.SafeLoader("").construct_object(node)
        except (ValueError, yaml.YAMLError):
            raise TextError(f"This cannot be read as {tag}.", _line(node.start_mark)) from None

    def line(self, path: Path) -> int:
        node = self.root
        found = _line(node.start_mark) if node else 1
        for part in path:
            child = _child(node, part)
            if child is None:
                break
            found, node = child
        return found


def _child(node: Any, part: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((_line(key.start_mark), value) for key, value in node.value if str(key.value) == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return _line(node.value[part].start_mark), node.value[part]
    return None


def _line(mark: Any) -> int:
    return int(mark.line) + 1 if mark else 0


def _what(error: yaml.MarkedYAMLError) -> str:
    return f"This is neither JSON nor YAML: {error.problem or error.context or 'it cannot be read'}."
