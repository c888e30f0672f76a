"""The table of `docs/benchmarks.md` from the last runs in `bench/results`: `python -m bench.table`."""

from __future__ import annotations

import json
import sys

from bench.lab import RESULTS


def main() -> int:
    found = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    if not found:
        print("No results yet: run the benchmarks first.", file=sys.stderr)
        return 1
    print("| benchmark | figure | measured | goal | |\n|---|---|---|---|---|")
    for run in found:
        for line in run["goals"]:
            unit, verdict = f" {line['unit']}".rstrip(), "met" if line["met"] else "missed"
            print(f"| {run['benchmark']} | {line['figure']} | {line['value']:g}{unit} | {line['limit']:g}{unit} | {verdict} |")
    machine = found[-1]["machine"]
    loads = ", ".join(f"{run['benchmark']} {run['machine']['load_before']:g}" for run in found)
    print(f"\n{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, ", end="")
    print(f"Linux {machine['kernel']}, Python {machine['python']}.")
    print(f"Load of other work on the machine when each began: {loads}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
