"""Secrets that the product must be able to use later, such as passwords for other servers: encrypted in the database with a key made
of SECRET_KEY. After a change of SECRET_KEY the old one in SECRET_KEY_FALLBACKS still opens them."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """The secret was sealed with a SECRET_KEY that is not known any more; it must be typed in again."""


def seal(text: str) -> str:
    return _keys().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """
    :raises Unreadable: with another key.
    """
    try:
        return _keys().decrypt(sealed.encode()).decode() if sealed else ""
    except InvalidToken:
        raise Unreadable("Sealed with another SECRET_KEY.") from None


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> bytes:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"callcenter sealed secrets").derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
