"""The states of a callback."""

from __future__ import annotations

from callcenter.core.machine import Event, Machine, State

SCHEDULED, DUE, DIALLING, TALKING, DONE, EXPIRED, CANCELLED = (
    "scheduled", "due", "dialling", "talking", "done", "expired", "cancelled",
)  # fmt: skip

OPEN = (SCHEDULED, DUE, DIALLING, TALKING)
"""The customer is still owed a call, or has it."""

CALLED_AGAIN = "called again"
"""The result of a callback that is done because the customer did not wait for it and was answered."""

CALLBACK = Machine(
    name="callback",
    initial=SCHEDULED,
    states=(
        State(SCHEDULED, "Scheduled", "blue", "Waits for its time."),
        State(DUE, "In line", "amber", "Has its place in line and waits for an agent, or rings one."),
        State(DIALLING, "Calling", "blue", "An agent is on the line, and the customer is called."),
        State(TALKING, "Talking", "green", "The customer was reached and talks to an agent."),
        State(DONE, "Done", "grey", "The customer was reached."),
        State(EXPIRED, "Expired", "red", "The customer was not reached in time, or not within the attempts."),
        State(CANCELLED, "Cancelled", "grey", "Somebody took it back."),
    ),
    events=(
        Event("came_due", (SCHEDULED,), DUE, "Its time has come: it waits in line like a caller."),
        Event("put_off", (DUE,), SCHEDULED, "Nobody had time before the hours for callbacks were over; it keeps its place."),
        Event("was_rescheduled", (SCHEDULED, DUE), SCHEDULED, "Another time was chosen for it."),
        Event("began_dialling", (DUE,), DIALLING, "An agent took it; the customer is called."),
        Event("customer_answered", (DIALLING,), TALKING, "The customer answered and is bridged with the agent."),
        Event("not_reached", (DIALLING,), SCHEDULED, "The customer was not reached; it is tried again later."),
        Event("attempt_lost", (DUE, DIALLING), SCHEDULED, "The process that carried the attempt died, or was stopped."),
        Event("talk_ended", (TALKING,), DONE, "The conversation ended."),
        Event("reached_otherwise", (SCHEDULED, DUE), DONE, "The customer called again meanwhile and was answered."),
        Event("gave_up", (SCHEDULED, DUE, DIALLING), EXPIRED, "Too late, or tried often enough."),
        Event("was_cancelled", (SCHEDULED, DUE), CANCELLED, "Somebody took it back."),
    ),
)
