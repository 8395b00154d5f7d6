"""Secrets that change without a gap: the new one holds at once, the one before a while longer.

A connection keeps both in one sealed text: the secret, and below it the former one and until when it
holds, in seconds since 1970.
"""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _

from app.errors import DomainError, FieldError
from app.intake.shops import signed
from app.standard_webhooks import is_secret

OVERLAP = timedelta(days=1)
SHORTEST = 8  # characters of a secret


def check(kind: str, secret: str) -> None:
    """Refuse a secret that this kind of shop cannot sign with, or that anybody could guess."""
    words = ""
    if kind == signed.kind and not is_secret(secret):
        words = _("It begins with whsec_, and 24 to 64 random bytes in base64 follow.")
    elif len(secret) < SHORTEST or "\n" in secret:
        words = _("At least %(least)s characters.", least=SHORTEST)
    if words:
        raise DomainError("invalid", words, FieldError("secret", words))


def valid(kept: str, now: int) -> tuple[str, ...]:
    """Return the secrets that hold at a second, the newest first."""
    secret, before, until = _read(kept)
    return (secret, before) if before and now < until else (secret,)


def newest(kept: str) -> str:
    """Return the secret that senders are to use."""
    return _read(kept)[0]


def overlaps_until(kept: str, now: int) -> int | None:
    """Return until when the secret before the newest holds; None: it does no more, or there was none."""
    _secret, before, until = _read(kept)
    return until if before and now < until else None


def rotated(kept: str, secret: str, now: int) -> str:
    """Return what to keep from now on, with another secret."""
    if secret == newest(kept):
        return kept
    return f"{secret}\n{newest(kept)}\n{now + int(OVERLAP.total_seconds())}"


def _read(kept: str) -> tuple[str, str, int]:
    parts = kept.split("\n")
    if len(parts) != 3 or not (parts[2].isascii() and parts[2].isdecimal()):
        return kept, "", 0
    return parts[0], parts[1], int(parts[2])
