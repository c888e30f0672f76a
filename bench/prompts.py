"""What a change of a prompt costs, and what hearing it does: `python -m bench.prompts [--json FILE] [--times N]`.

  convert   an MP3 of 30 s (44.1 kHz, stereo) becomes a recording: decoded, levelled, written twice, stored, its row
  speak     a sentence that was never spoken before becomes a WAV file
  resolve   a reference to a recorded prompt becomes the path of its file, as for every caller: one query
  text      a plain text that was spoken before becomes the path of its file: no query

Milliseconds, median and 95th percentile. The database is an embedded one that syncs to disk.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.matching import database, machine

LIMITS = {"convert": 1000.0, "speak": 200.0, "resolve": 5.0, "text": 1.0}
"""Milliseconds at the 95th percentile: an upload is answered at once, and a call does not notice the rest."""


def measure(times: int) -> dict[str, list[float]]:
    from ivr import prompts
    from ivr.models import Prompt
    from ivr.prompts import services
    from ivr.speech import spoken

    prompt = Prompt.objects.create(slug="bench", name="Bench")
    voice = song()

    def convert(n: int) -> None:
        services.record(prompt.pk, "en", io.BytesIO(voice + bytes([n % 256])), "voice.mp3", actor="system:bench")

    return {
        "convert": clocked(convert, max(5, times // 10)),
        "speak": clocked(lambda n: spoken(f"You are number {n} in line. Thank you for your patience."), times),
        "resolve": clocked(lambda n: prompts.resolve({"prompt": "bench"}, "en"), times * 10),
        "text": clocked(lambda n: prompts.resolve("You are number 1 in line. Thank you for your patience.", "en"), times * 10),
    }


def song() -> bytes:
    import numpy as np
    import soundfile

    seconds = np.arange(30 * 44100) / 44100
    sound = 0.2 * np.sin(2 * np.pi * 300 * seconds) * (1 + np.sin(2 * np.pi * 3 * seconds)) / 2
    file = io.BytesIO()
    soundfile.write(file, np.column_stack([sound, sound]), 44100, format="MP3")
    return file.getvalue()


def clocked(work: Callable[[int], object], times: int) -> list[float]:
    work(0)  # modules and statements are loaded by then
    found = []
    for n in range(1, times + 1):
        began = time.perf_counter()
        work(n)
        found.append((time.perf_counter() - began) * 1000)
    return found


def summary(figures: list[float]) -> dict[str, float]:
    ordered = sorted(figures)
    return {"p50": round(ordered[len(ordered) // 2], 2), "p95": round(ordered[int(len(ordered) * 0.95)], 2), "times": len(ordered)}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=100, help="of each kind; conversions a tenth of it, look-ups ten times")
    parser.add_argument("--json", help="also write the figures to this file")
    options = parser.parse_args()
    with database():
        found: dict[str, Any] = {"machine": machine(), "ms": {what: summary(rows) for what, rows in measure(options.times).items()}}
    found["kept"] = all(found["ms"][what]["p95"] <= most for what, most in LIMITS.items())
    print(f"{found['machine']}\n\n{'':<10}{'p50':>9}{'p95':>9}{'limit':>9}   ms")
    for what, row in found["ms"].items():
        print(f"{what:<10}{row['p50']:>9.2f}{row['p95']:>9.2f}{LIMITS[what]:>9.0f}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(found, file, indent=2)
    return 0 if found["kept"] else 1


if __name__ == "__main__":
    sys.exit(main())
