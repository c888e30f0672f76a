"""What a queue's settings must satisfy; every message names the remedy."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError

from .numbers import anonymous, plain_number

if TYPE_CHECKING:
    from .models import CallerPriority, MembershipRule, Queue

LEAST_COMFORT_SECONDS = 10
MUSIC_RATES = (8000, 16000)


def check_queue(queue: Queue) -> None:
    """:raises ValidationError: with all complaints at once, each at its field."""
    found = {
        "timezone": _timezone(queue.timezone),
        "fallback_queue": _fallback(queue),
        "comfort_every": _comfort(queue),
        "max_wait": _max_wait(queue),
        "voicemail_box": _voicemail(queue),
        "music": music_complaint(queue.music),
    }
    complaints = {field: complaint for field, complaint in found.items() if complaint}
    if complaints:
        raise ValidationError(complaints)


def check_rule(rule: MembershipRule) -> None:
    if bool(rule.team_id) == bool(rule.skill_id):
        raise ValidationError("A rule names a team or a skill, one of them. For both, add two rules.")


def check_vip(caller: CallerPriority) -> None:
    """Brings the number into the form in which callers' numbers are compared."""
    caller.number = plain_number(caller.number)
    if anonymous(caller.number):
        raise ValidationError({"number": f"“{caller.number}” is what nameless callers have in common. Enter the number of one caller."})


def _timezone(name: str) -> str:
    known = available_timezones()
    if name in known:
        return ""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or [zone for zone in known if zone.endswith("/" + name.title())]
    hint = f" Did you mean {' or '.join(near)}?" if near else " Names look like Europe/Berlin or America/New_York; UTC always works."
    return f"“{name}” is not a timezone of the IANA database.{hint}"


def _fallback(queue: Queue) -> str:
    from .models import FallbackAction

    if queue.fallback != FallbackAction.QUEUE:
        return ""
    if queue.fallback_queue is None:
        return "Choose the queue that takes over, or let the fallback hang up with a message."
    chain = _chain(queue)
    if chain is None:
        return ""
    return f"Calls would go round in circles: {' → '.join(chain)}. Let one of these queues hang up or go elsewhere."


def _voicemail(queue: Queue) -> str:
    from .models import FallbackAction

    if queue.fallback == FallbackAction.VOICEMAIL and queue.voicemail_box is None:
        return "Choose the box that takes the message, or let the fallback hang up with a message."
    return ""


def _chain(queue: Queue) -> list[str] | None:
    """Names of the queues on the way round, if the way leads back."""
    from .models import FallbackAction

    names, seen, here = [queue.name], {queue.pk}, queue.fallback_queue
    while here is not None:
        names.append(here.name)
        if here.pk in seen:
            return names
        seen.add(here.pk)
        here = here.fallback_queue if here.fallback == FallbackAction.QUEUE else None
    return None


def _comfort(queue: Queue) -> str:
    if queue.comfort and queue.comfort_every < LEAST_COMFORT_SECONDS:
        return (
            f"Every {queue.comfort_every} s the message would interrupt itself. "
            f"Take {LEAST_COMFORT_SECONDS} s or more, or remove the message."
        )
    return ""


def _max_wait(queue: Queue) -> str:
    if queue.max_wait and queue.max_wait < queue.ring_seconds:
        return (
            f"Callers would leave after {queue.max_wait} s while the first agent still rings for {queue.ring_seconds} s. "
            "Make the wait longer or the ring time shorter."
        )
    return ""


def music_complaint(music: Any) -> str:
    """What keeps a file that was just uploaded from being played to callers; empty: nothing."""
    if not music or getattr(music, "_committed", True):
        return ""
    # Here and not above: it brings NumPy, which no other process of this app needs at its start.
    import soundfile

    try:
        music.seek(0)
        info = soundfile.info(music.file)
    except (soundfile.LibsndfileError, RuntimeError, TypeError):
        return "This is not a sound file that can be read. Save it as WAV: 16 bit, mono, 8 or 16 kHz."
    finally:
        music.seek(0)
    return _music_format(info)


def _music_format(info: Any) -> str:
    wrong = []
    if info.format != "WAV" or info.subtype != "PCM_16":
        wrong.append(f"it is {info.format} {info.subtype}, not WAV with 16 bit")
    if info.channels != 1:
        wrong.append(f"it has {info.channels} channels, not one")
    if info.samplerate not in MUSIC_RATES:
        wrong.append(f"it has {info.samplerate} Hz, not 8000 or 16000")
    if not wrong:
        return ""
    return f"The phones cannot play this: {'; '.join(wrong)}. Convert it: ffmpeg -i music.mp3 -ac 1 -ar 16000 -c:a pcm_s16le music.wav"
