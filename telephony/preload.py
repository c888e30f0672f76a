"""Loaded once in the fork server, so that every call process is born with everything in memory.

No Django: a call process needs none, and what is not there costs no memory, no fork and no attack.
It opens no connection and makes no SIP endpoint: neither survives a fork.
"""

import gc
import os

SECRETS = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "REDIS_URL")
"""Call processes read what strangers send: what opens doors is not in their memory."""
for _name in SECRETS:
    os.environ.pop(_name, None)

try:
    from telephony import callprocess as callprocess
except ImportError as missing:
    # The fork server swallows ImportErrors of what it preloads; every child would then load all by itself.
    raise RuntimeError(f"The call processes' modules cannot be loaded: {missing}") from missing

LOADED_BY = os.getpid()
"""The fork server's process id: a child whose parent this is found everything loaded."""

# What is loaded stays: the collector would only write into pages that every child shares with us.
gc.collect()
gc.freeze()
