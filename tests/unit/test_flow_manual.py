"""docs/flows.md says what the steps are, and its example is a flow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ivr.flow import document, manual, text
from ivr.flow.check import check
from ivr.flow.simulate import Scene, simulate

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/flows.md"
OFFICE = ROOT / "docs/examples/office.yaml"


def test_the_kinds_in_the_documentation_are_up_to_date() -> None:
    call_command("flow_manual", check=True)


def test_a_stale_page_is_found_and_mended(tmp_path: Path) -> None:
    page = tmp_path / "flows.md"
    page.write_text(f"Before\n{manual.BEGIN}\nold\n{manual.END}\nAfter\n")
    with pytest.raises(CommandError, match=r"flows\.md"):
        call_command("flow_manual", page=page, check=True)
    call_command("flow_manual", page=page)
    call_command("flow_manual", page=page, check=True)
    assert re.fullmatch(r"Before\n.*`hang_up`.*\nAfter\n", page.read_text(), re.DOTALL)
    with pytest.raises(ValueError, match="no <!-- kinds: begin"):
        manual.with_kinds("A page without the marks")


def test_the_example_on_the_page_is_a_flow() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert check(document.read(text.loads(example))) == []


@pytest.mark.parametrize(
    ("keys", "caller", "hour", "end"),
    [
        (["1", "7123#"], {}, 10, ("queue", "support")), (["1", "7123#"], {"priority": 8}, 10, ("queue", "vip")),
        (["1", "1#", "1#", "1#"], {}, 10, ("queue", "support")), (["2"], {}, 10, ("queue", "sales")),
        (["3"], {}, 10, ("callback", "support")),
        (["", "", ""], {}, 10, ("queue", "general")), ([], {}, 20, ("hang_up", None)),
    ],
)  # fmt: skip
def test_the_example_of_a_whole_flow_leads_its_callers(keys: list[str], caller: dict[str, int], hour: int, end: tuple[str, str]) -> None:
    flow = document.read(text.loads(OFFICE.read_text()))
    assert check(flow) == []
    outcome = simulate(flow, Scene(keys=keys, caller=caller, now=Scene().now.replace(hour=hour)))
    assert outcome.end
    assert (outcome.end.to, outcome.end.data.get("queue")) == end
