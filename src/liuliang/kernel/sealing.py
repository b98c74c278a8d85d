"""Secrets that people enter, such as the keys of a payment account: the database holds them sealed.

The key comes from the installation's own secret, which lies beside the database and not in it: a copy of the database alone
opens nothing. Each seal names what it is for, so that one cannot be put in the place of another.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from liuliang.kernel.errors import Refused

_NONCE = 12


def seal(text: str, *, purpose: str) -> str:
    """Return a text that only this installation can read, and only for this purpose (AES-256-GCM)."""
    nonce = secrets.token_bytes(_NONCE)
    sealed = AESGCM(_key()).encrypt(nonce, text.encode(), purpose.encode())
    return urlsafe_b64encode(nonce + sealed).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """Return what was sealed.

    Raises:
        Refused: ``secret.sealed`` when it was sealed by another installation, for another purpose, or was changed.
    """
    try:
        told = urlsafe_b64decode(sealed)
        return AESGCM(_key()).decrypt(told[:_NONCE], told[_NONCE:], purpose.encode()).decode()
    except (InvalidTag, ValueError):
        raise Refused("secret.sealed", purpose=purpose) from None


def _key() -> bytes:
    return HKDF(SHA256(), 32, None, b"liuliang.sealing").derive(settings.SECRET_KEY.encode())
