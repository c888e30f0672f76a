"""Prompts: what queues, flows and voicemail have callers hear. See `resolve` for what they may refer to."""

from .counting import say_digits as say_digits
from .counting import say_number as say_number
from .counting import say_position as say_position
from .counting import say_wait as say_wait
from .phone import find_recording as find_recording
from .phone import start_recording as start_recording
from .phone import store_recording as store_recording
from .references import Missing as Missing
from .references import Reference as Reference
from .references import missing as missing
from .references import resolve as resolve
from .references import used as used
from .times import say_choice as say_choice
from .times import say_promise as say_promise
