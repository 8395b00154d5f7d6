"""Who may do what, how long a session lasts, and which passwords are too easy."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

SHORTEST, FLOOR, LONGEST = 12, 8, 256
_COMMON = Path(__file__).with_name("common_passwords.txt")


class Role(StrEnum):
    """What a person is at a merchant."""

    OWNER = "owner"
    MANAGER = "manager"
    ACCOUNTANT = "accountant"
    SUPPORT = "support"
    DEVELOPER = "developer"
    CASHIER = "cashier"
    PARTNER = "partner"


STAFF = (Role.OWNER, Role.MANAGER, Role.ACCOUNTANT, Role.SUPPORT, Role.DEVELOPER, Role.CASHIER)

# The accountant has the money desk and nothing else, a cashier the till; support reads; a developer has the keys.
PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.OWNER: frozenset(
        {"read", "manage", "money", "money.read", "keys", "settings", "team", "answer", "till"}
    ),
    Role.MANAGER: frozenset({"read", "manage", "money.read", "settings", "answer", "till"}),
    Role.ACCOUNTANT: frozenset({"money", "money.read"}),
    Role.SUPPORT: frozenset({"read", "money.read", "answer"}),
    Role.DEVELOPER: frozenset({"read", "keys"}),
    Role.CASHIER: frozenset({"till"}),
    Role.PARTNER: frozenset({"partner"}),
}


class Purpose(StrEnum):
    """What a link that sets a password was sent for."""

    RESET = "reset"
    WELCOME = "welcome"
    INVITATION = "invitation"


LINK_AGE = {
    Purpose.RESET: timedelta(minutes=30),
    Purpose.WELCOME: timedelta(days=7),
    Purpose.INVITATION: timedelta(days=7),
}


@dataclass(frozen=True)
class Lifetime:
    """How long a session lasts without a request, and at most."""

    idle: timedelta
    absolute: timedelta


# Staff move money, so theirs are short; a partner comes back once a week.
STAFF_SESSION = Lifetime(timedelta(minutes=30), timedelta(hours=12))
PARTNER_SESSION = Lifetime(timedelta(days=14), timedelta(days=30))
FRESH = timedelta(minutes=10)  # how long a given password is believed before keys or details change


def ended(created_at: datetime, seen_at: datetime, expires_at: datetime, now: datetime) -> bool:
    """Tell whether a session is over: past its end, or unused for longer than its kind may be."""
    short = expires_at - created_at <= STAFF_SESSION.absolute
    idle = (STAFF_SESSION if short else PARTNER_SESSION).idle
    return now >= expires_at or now - seen_at > idle


_ODD = re.compile(r'[ <>"(),;:\\]')


def normalise_email(text: str) -> str:
    """Return the form in which e-mail addresses are compared and kept."""
    local, at, host = unicodedata.normalize("NFKC", text.strip()).rpartition("@")
    return f"{local}{at}{host}".casefold()


def email_problem(text: str) -> bool:
    """Tell whether this cannot be an e-mail address: one @, no space or control, a dotted host."""
    local, _at, host = text.rpartition("@")
    odd = not text.isprintable() or _ODD.search(text) is not None
    dotted = "." in host.strip(".") and not host.startswith((".", "-")) and ".." not in text
    return odd or not local or "@" in local or not dotted or len(text) > 254


def password_problem(password: str, *about: str) -> str | None:
    """Return why a password is refused: short, long, common, personal; None when it can be used.

    At least 12 characters, any of them; not on the list of common ones; not made of what is known of
    the person (`about`: e-mail, name, merchant).
    """
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    folded = unicodedata.normalize("NFKC", password).casefold()
    if len(set(folded)) < 4 or folded in common_passwords() or _stem(folded) in common_passwords():
        return "common"
    return "personal" if any(_made_of(folded, text.casefold()) for text in about) else None


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    """Return the list of passwords that everybody tries first."""
    return frozenset(_COMMON.read_text(encoding="utf-8").split())


def _stem(password: str) -> str:
    """Return a password without the figures and signs put behind it to make it long enough."""
    return password.rstrip("0123456789!@#$%^&*().,-_+=? ")


def _made_of(password: str, text: str) -> bool:
    words = [text, *text.replace("@", " ").replace(".", " ").split()]
    return any(
        len(word) >= 4 and word in password and len(password) - len(word) < 6 for word in words
    )
