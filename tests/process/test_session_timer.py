"""Two minutes of waiting in a file of their own: they go beside tests that need the machine."""

from __future__ import annotations

from tests.sip.harness.fleet import Fleet

from .subject import Subject

CALLER = 0


def test_session_timer__ends_the_held_call_of_who_vanished_and_no_other() -> None:
    """The only net for those who send nothing anyway. 90 s is the least that RFC 4028 allows; we ask again at half of it, and
    what nobody answers, the question and then the BYE, is given up after 32 s each."""
    with (
        Subject(session_expires=90) as left, Fleet(edge=left.address) as gone,
        Subject(session_expires=90) as kept, Fleet(edge=kept.address) as there,
    ):  # fmt: skip
        for subject, fleet in ((left, gone), (kept, there)):
            call = fleet.phone("alice").call("support")
            subject.fact("CallerArrived")
            subject.answer(CALLER)
            subject.fact("LegAnswered", leg=CALLER)
            call.hold()
            subject.fact("LegHeld", held=True)
        gone.phones[0].calls[0].vanish()
        left.fact("LegEnded", leg=CALLER, within=130)
        asked = [seen for seen in there.trace if seen.received and seen.start.startswith(("INVITE", "UPDATE"))]
        assert asked, "to refresh the session"
        assert not kept.first("LegEnded")
