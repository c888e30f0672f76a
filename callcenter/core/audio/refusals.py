"""Why a file cannot be used, each with the remedy."""

from __future__ import annotations

from ..errors import Refusal

SAVE_AS = "Save it as WAV, MP3, Ogg (Opus or Vorbis), or raw G.711 (.alaw, .ulaw)."


class Unusable(Refusal):
    """This sound cannot be used."""

    code = "sound_unusable"
    status = 422


class EmptyFile(Unusable):
    """The file is empty. Choose it again, or record it anew."""

    code = "sound_empty"


class TooLarge(Unusable):
    """The file is too large."""

    code = "sound_too_large"


class TooLong(Unusable):
    """The sound is too long."""

    code = "sound_too_long"


class Unreadable(Unusable):
    """This is not a sound file that can be read."""

    code = "sound_unreadable"


class Broken(Unusable):
    """The file is damaged: its sound breaks off or cannot be decoded. Export or copy it again."""

    code = "sound_broken"


class Video(Unusable):
    """This is a video, or a sound wrapped like one."""

    code = "sound_video"


class RawWithoutKind(Unusable):
    """A raw file does not say what it holds. Name it .alaw or .ulaw (G.711, 8 kHz, mono), or save it as WAV."""

    code = "sound_raw"


class TooManyChannels(Unusable):
    """The sound has more than two channels. Save it as mono or stereo."""

    code = "sound_channels"


class OddRate(Unusable):
    """The sound's sampling rate is out of range."""

    code = "sound_rate"


class Silent(Unusable):
    """There is only silence in it. Check the microphone or the file, and record it again."""

    code = "sound_silent"
