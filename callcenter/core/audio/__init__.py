"""Sound files: anything that people upload or record becomes what telephones play. No Django.

Everything inside is mono at `RATE`, floating point, full scale being 1.
"""

from .convert import MUSIC_LUFS as MUSIC_LUFS
from .convert import MUSIC_SECONDS as MUSIC_SECONDS
from .convert import PROMPT_SECONDS as PROMPT_SECONDS
from .convert import SPEECH_LUFS as SPEECH_LUFS
from .convert import VERSION as VERSION
from .convert import Sound as Sound
from .convert import convert as convert
from .convert import finish as finish
from .decode import RATE as RATE
from .decode import Samples as Samples
from .refusals import Unusable as Unusable
from .wav import wav_bytes as wav_bytes
from .wav import write_wav as write_wav
