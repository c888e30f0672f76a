"""A second look at the description an INVITE brings.

The edge's shield sees every packet and stands first; this one is for the day something else stands in its place.
"""

from __future__ import annotations

import re

from ..edge import sdp


def acceptable(invite: str, *, wideband: bool) -> bool:
    """Whether the stack may be shown this INVITE's description. None at all is fine: then we make the offer."""
    body = re.split(r"\r?\n\r?\n", invite, maxsplit=1)[1:]
    if not body or not body[0].strip():
        return True
    try:
        sdp.clean(body[0].encode("utf-8", "surrogateescape"), wideband=wideband)
    except (sdp.BadDescription, sdp.NothingInCommon):
        return False
    return True
