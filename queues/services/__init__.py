"""Every write about calls, offers and agents at work. Each function is one short transaction and may refuse.

Actors are written as "user:<id>", "agent:<id>", "caller" or "system:<what>".
"""

from ..hours_reading import hours_at as hours_at
from ..hours_reading import hours_by_slug as hours_by_slug
from ..hours_reading import hours_now as hours_now
from .arrival import Placement as Placement
from .arrival import arrive as arrive
from .arrival import enqueue as enqueue
from .arrival import reject as reject
from .arrival import start_flow as start_flow
from .callers import facts_of as facts_of
from .closing import closed_words as closed_words
from .devices import device_appeared as device_appeared
from .devices import device_gone as device_gone
from .devices import device_refreshed as device_refreshed
from .ending import hang_up as hang_up
from .ending import hold as hold
from .ending import process_lost as process_lost
from .ending import resume as resume
from .membership import log_into_queue as log_into_queue
from .membership import log_out_of_queue as log_out_of_queue
from .membership import rebuild_memberships as rebuild_memberships
from .offers import accept as accept
from .offers import offer_dialled as offer_dialled
from .offers import offer_failed as offer_failed
from .offers import offer_rang as offer_rang
from .presence import go_offline as go_offline
from .presence import set_available as set_available
from .presence import take_break as take_break
from .steering import command as command
from .steering import force_assign as force_assign
from .steering import move_to_queue as move_to_queue
from .steering import set_priority as set_priority
from .steering import settle_command as settle_command
from .sweep import sweep as sweep
from .voicemail import archive_message as archive_message
from .voicemail import box_of_way_out as box_of_way_out
from .voicemail import delete_message as delete_message
from .voicemail import erase_message as erase_message
from .voicemail import keep_message as keep_message
from .voicemail import mark_heard as mark_heard
from .voicemail import mark_new as mark_new
from .voicemail import message_played as message_played
from .voicemail import restore_message as restore_message
from .voicemail import write_message_notes as write_message_notes
from .wrapup import extend_wrap_up as extend_wrap_up
from .wrapup import finish_wrap_up as finish_wrap_up
from .wrapup import save_wrap_up as save_wrap_up
