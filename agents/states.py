"""The agent's states. Reachability is not among them: it is a device with a live lease."""

from callcenter.core.machine import Event, Machine, State

OFFLINE, AVAILABLE, RINGING, ON_CALL, WRAP_UP, BREAK = "offline", "available", "ringing", "on_call", "wrap_up", "break"

ENGAGED = (RINGING, ON_CALL, WRAP_UP)
"""The agent is busy with a call; wishes wait until it is over."""

AGENT = Machine(
    name="agent",
    initial=OFFLINE,
    states=(
        State(OFFLINE, "Offline", "grey", "Not working; gets no calls."),
        State(AVAILABLE, "Available", "green", "Wants the next call."),
        State(RINGING, "Ringing", "blue", "A call is being offered."),
        State(ON_CALL, "On call", "red", "Talking to a caller."),
        State(WRAP_UP, "Wrap-up", "violet", "Finishing the paperwork of the last call."),
        State(BREAK, "Break", "amber", "Logged in, but taking no calls, for a stated reason."),
    ),
    events=(
        Event("became_available", (OFFLINE, BREAK), AVAILABLE, "The agent wants calls."),
        Event("went_on_break", (AVAILABLE, BREAK), BREAK, "The agent pauses, or changes the reason of the pause."),
        Event("went_offline", (AVAILABLE, BREAK), OFFLINE, "The agent ends the shift."),
        Event("was_offered", (AVAILABLE,), RINGING, "A call was reserved for the agent, whose devices ring."),
        Event("offer_ended", (RINGING,), AVAILABLE, "The call was rejected, missed, withdrawn or taken by another."),
        Event("answered", (RINGING,), ON_CALL, "The agent took the call."),
        Event("call_ended", (ON_CALL,), AVAILABLE, "The last open call ended and needs no wrap-up."),
        Event("call_ended_while_ringing", (ON_CALL,), RINGING, "The conversation ended while a further call rings."),
        Event("wrap_up_began", (ON_CALL,), WRAP_UP, "The last open call ended; the paperwork begins."),
        Event("wrap_up_ended", (WRAP_UP,), AVAILABLE, "Finished by the agent or by the timer."),
    ),
)
