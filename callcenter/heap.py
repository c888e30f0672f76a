"""The garbage collector and what a process has loaded. No Django: call processes use it too."""

from __future__ import annotations

import gc


def settle() -> None:
    """Leave what is there now to stay, at the end of a start.

    A full collection walks all that a process has loaded, which takes 15 ms in one with Django, in the middle of
    whatever it does, and finds nothing there; and it would write into pages that forked children share.
    """
    gc.collect()
    gc.freeze()
