"""Secrets that must be said again in clear, such as a password towards a provider: encrypted in the rows.

What only has to be recognised (the passwords of our own phones) is kept as a hash instead. The keys come from SECRET_KEY;
those of SECRET_KEY_FALLBACKS still open what was sealed before the key was changed.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unreadable(Exception):
    """It was sealed with a key that we do not have any more, or is not ours. It must be entered anew."""


def seal(secret: str) -> str:
    """Text that only we can open again; the same secret looks different each time."""
    return _keys().encrypt(secret.encode()).decode()


def open_(sealed: str) -> str:
    """
    :raises Unreadable: SECRET_KEY was changed without leaving the old one in SECRET_KEY_FALLBACKS.
    """
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable from None


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"vault\0" + secret.encode()).digest())
