"""Admin of queues, of the calls that passed through them, and what queues add to an agent's page."""

from . import agents as agents
from . import callbacks as callbacks
from . import calls as calls
from . import configuration as configuration
from . import hours as hours
from . import records as records
from . import voicemail as voicemail
from . import waiting as waiting
