"""The 49 messages of RFC 4475, "SIP Torture Test Messages", typed in from the RFC.

`MESSAGES` maps the RFC's short name to the datagram. Lines end in CRLF; what the RFC writes in <hex> and
<repeat> is written out as Python does. Where it says Content-Length, the number is the RFC's own.
"""

from __future__ import annotations

from .application import APPLICATION
from .invalid import INVALID
from .valid import VALID

MESSAGES = VALID | INVALID | APPLICATION
