"""The states of a voicemail message."""

from callcenter.core.machine import Event, Machine, State

NEW, HEARD, ARCHIVED, DELETED = "new", "heard", "archived", "deleted"

IN_BOX = (NEW, HEARD)
"""What waits in the box."""

MESSAGE = Machine(
    name="voicemail",
    initial=NEW,
    states=(
        State(NEW, "New", "blue", "Nobody has heard it yet."),
        State(HEARD, "Heard", "grey", "Somebody has heard it; it still lies in the box."),
        State(ARCHIVED, "Archived", "green", "Done with, and kept."),
        State(DELETED, "Deleted", "red", "Thrown away; can be taken back until its sound is erased."),
    ),
    events=(
        Event("heard", (NEW,), HEARD, "Somebody listened to it, or says so."),
        Event("marked_new", (HEARD, ARCHIVED), NEW, "It should be noticed again."),
        Event("archived", (NEW, HEARD), ARCHIVED, "It is done with."),
        Event("deleted", (NEW, HEARD, ARCHIVED), DELETED, "Somebody threw it away."),
        Event("restored", (ARCHIVED, DELETED), HEARD, "It was put back into the box."),
        Event("expired", (NEW, HEARD, ARCHIVED), DELETED, "Its box keeps messages no longer than this."),
    ),
)
