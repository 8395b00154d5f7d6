"""Secrets: sealed where they must be read again, hashed where they must only be recognised, signed in links."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadData, URLSafeTimedSerializer

from app.installation import settings

if TYPE_CHECKING:
    from datetime import timedelta

KEY_ID = 4  # bytes in front of each sealed value that name the key
NONCE = 12


class Unsealable(ValueError):
    """The value was sealed with a key that this installation no longer has, or was damaged."""


def seal(plain: bytes | str) -> bytes:
    """Encrypt for storage: key id, nonce, AES-256-GCM; `open_sealed` reads it again."""
    key = _key(settings().secret_key)
    mark = _key_id(key)
    nonce = secrets.token_bytes(NONCE)
    text = plain.encode() if isinstance(plain, str) else plain
    return mark + nonce + AESGCM(key).encrypt(nonce, text, mark)


def open_sealed(sealed: bytes) -> str:
    """Decrypt what `seal` made. Raises Unsealable."""
    mark, nonce, body = sealed[:KEY_ID], sealed[KEY_ID : KEY_ID + NONCE], sealed[KEY_ID + NONCE :]
    key = _key(settings().secret_key)
    if _key_id(key) != mark:
        raise Unsealable("sealed with a key that is not here")
    try:
        return AESGCM(key).decrypt(nonce, body, mark).decode()
    except InvalidTag as error:
        raise Unsealable("damaged") from error


def token(prefix: str = "", size: int = 32) -> str:
    """Return a new secret of `size` random bytes, in characters that need no escaping."""
    return prefix + secrets.token_urlsafe(size)


def digest(secret: str) -> str:
    """Return the SHA-256 of a long random secret (keys, tokens), in hex: what the database keeps of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def signature(key: str, message: bytes) -> str:
    """Return the hex HMAC-SHA256 of a message."""
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def mark(purpose: str, text: str) -> str:
    """Return the hex HMAC-SHA256 of a text by this installation's key: nobody else can reckon it."""
    said = f"{purpose}\0{text}".encode()
    return hmac.new(_key(settings().secret_key), said, hashlib.sha256).hexdigest()


def sign(purpose: str, payload: Any) -> str:
    """Return a signed token for a link; `purpose` keeps one kind of link from passing for another."""
    return URLSafeTimedSerializer(settings().secret_key, salt=f"partnerka.{purpose}").dumps(payload)


def signed(purpose: str, text: str, age: timedelta) -> Any:
    """Return the payload of a signed token not older than `age`, or None for anything else."""
    serializer = URLSafeTimedSerializer(settings().secret_key, salt=f"partnerka.{purpose}")
    try:
        return serializer.loads(text, max_age=int(age.total_seconds()))
    except BadData:
        return None


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"partnerka at rest").derive(secret.encode())


@lru_cache(maxsize=8)
def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:KEY_ID]
