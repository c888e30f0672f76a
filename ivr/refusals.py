"""Why something cannot be done with a flow; every message names the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from callcenter.core.errors import Refusal

from .flow.complaints import Complaint


class DraftChanged(Refusal):
    """Somebody else changed this draft meanwhile."""

    code = "draft_changed"

    def __init__(self, detail: str = "", *, revision: int = 0, by: str = "") -> None:
        super().__init__(detail)
        self.revision = revision
        self.by = by

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "revision": self.revision, "by": self.by}


class Complained(Refusal):
    """A refusal that comes with everything that is wrong.

    :ivar lines: where in a text that was given; by position in `complaints`.
    """

    code = "bad_flow"
    status = 422

    def __init__(self, complaints: Sequence[Complaint], detail: str = "", lines: Sequence[int] = ()) -> None:
        first = "; ".join(str(one) for one in complaints[:3])
        more = f" … and {len(complaints) - 3} more" if len(complaints) > 3 else ""
        super().__init__(detail or f"{self.message} {first}{more}")
        self.complaints = list(complaints)
        self.lines = list(lines)

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "complaints": told(self.complaints, self.lines)}


class UnreadableFlow(Complained):
    """This is no flow that can be kept."""

    code = "unreadable_flow"
    status = 400


class FlowIncomplete(Complained):
    """The flow cannot be published as it is."""

    code = "flow_incomplete"


class TestsFail(Refusal):
    """A test case of the flow fails. Mend the flow, or the case if it asks for the wrong thing."""

    code = "tests_fail"
    status = 422
    __test__ = False


class NothingNew(Refusal):
    """This is already what callers get; there is nothing to publish."""

    code = "nothing_new"


class PublishedMeanwhile(Refusal):
    """Somebody else published this flow meanwhile. Look at what callers get now, then publish if it is still needed."""

    code = "published_meanwhile"


def told(complaints: Sequence[Complaint], lines: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Complaints as data for a page."""
    return [
        {
            "step": one.step, "field": one.field, "message": one.message, "warning": one.warning,
            **({"line": lines[index]} if index < len(lines) else {}),
        }
        for index, one in enumerate(complaints)
    ]  # fmt: skip
