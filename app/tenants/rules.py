"""What a merchant may be called, where its shops may stand, and what its settings may say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

SCOPES = ("orders", "partners", "catalog", "payouts", "settings", "read")
STATES = ("registered", "agreed", "completed", "cancelled", "refunded")
DEFAULT_WORDS = {
    "new": "registered",
    "paid": "agreed",
    "completed": "completed",
    "cancelled": "cancelled",
    "refunded": "refunded",
}
TEST_SUFFIX = "-test"
MOST_WORDS = 100
LONGEST_WORD = 128  # as an order's status
# First segments of our own addresses, and some that would mislead.
RESERVED = frozenset(
    "accent admin api app assets billing blog cabinet choose cookies dev docs favicon forgot healthz "
    "help hooks invite join legal login logout mail mailbox metrics office openapi partnerka password "
    "platform postback preferences pricing privacy public readyz robots root security sessions signin "
    "signout signup sitemap static status style styles support system terms test well-known widget www".split()
)
_SLUG = re.compile(r"[a-z0-9-]{3,35}")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PATH = re.compile(r"(/[A-Za-z0-9._~%-]+)*/?")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")

# What a new merchant's settings say; each is a dated fact of the owner "merchant".
DEFAULTS: dict[str, Any] = {
    "hold_days": 14,
    "minimum_payout": 0,
    "window_days": 90,
    "click": "last",
    "conflict": "code",
    "lifetime": True,
    "existing": "attract",
    "foreign_code": "order",
    "parameters": ["ref"],
    "settlement": "own",
    "fee_paid_by": "partner",
    "low_balance": None,
    "spending_alarm": None,
    "payout_cap": None,
    "cashback": False,
    "loyalty": False,
    "registration": "auto",
    "compression": False,
    "promotional": True,
    "foreign_coupons": True,
    "first_coupons": True,
    "allowed_coupons": [],
    "first_orders": None,
    "cap_order": None,
    "cap_customer": None,
    "cap_partner": None,
    "cap_month": None,
    "over_cap": "rest",
    "mask_referred": False,
    "customer_group": None,
    "margin": None,
    "margin_stop": False,
    "shadow": False,
    "partner_keys": True,
}
CHOICES: dict[str, tuple[str, ...]] = {
    "click": ("first", "last"),
    "conflict": ("code", "link"),
    "existing": ("attract", "ignore"),
    "foreign_code": ("order", "rebind", "ignore"),
    "settlement": ("own", "platform"),
    "fee_paid_by": ("partner", "merchant"),
    "registration": ("auto", "manual", "closed"),
    "over_cap": ("rest", "nothing"),
}
RANGES: dict[str, tuple[int, int]] = {
    "hold_days": (0, 365),
    "window_days": (1, 3650),
    "minimum_payout": (0, 2**63 - 1),
    "first_orders": (1, 10_000),
    "cap_order": (0, 2**63 - 1),
    "cap_customer": (0, 2**63 - 1),
    "cap_partner": (0, 2**63 - 1),
    "cap_month": (0, 2**63 - 1),
    "low_balance": (1, 2**63 - 1),
    "spending_alarm": (1, 2**63 - 1),
    "payout_cap": (0, 2**63 - 1),
}
# Ranges that may be left open: no number is no limit.
CAPS = ("cap_order", "cap_customer", "cap_partner", "cap_month")
PURSE = ("low_balance", "spending_alarm", "payout_cap")
OPEN = frozenset({"first_orders", *CAPS, *PURSE})
# One line of text, or none; the longest.
TEXTS = {"customer_group": 100}
LISTS = {"parameters": (1, 5), "allowed_coupons": (0, 200)}
SWITCHES = frozenset(
    {
        "lifetime",
        "cashback",
        "loyalty",
        "compression",
        "promotional",
        "foreign_coupons",
        "first_coupons",
        "mask_referred",
        "margin_stop",
        "shadow",
        "partner_keys",
    }
)
_MARGIN = re.compile(r"(100|[0-9]{1,2}(\.[0-9]{1,2})?)%")  # percent of the price


class BadAddress(ValueError):
    """A domain or folder that no shop can have; `code` says why: domain, scheme, path."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Place:
    """Where a shop stands: a domain in ASCII (lower case, perhaps with a port), and a folder."""

    domain: str
    path: str


def slug_problem(slug: str) -> str | None:
    """Return why this cannot be a merchant's address: form, test or reserved; None when it can."""
    if _SLUG.fullmatch(slug) is None or slug.startswith("-") or slug.endswith("-"):
        return "form"
    if slug.endswith(TEST_SUFFIX):
        return "test"
    return "reserved" if slug in RESERVED else None


def domain(text: str) -> str:
    """Return a domain as it is stored: IDNA, lower case, a port allowed. Raises BadAddress.

    A scheme, a path, credentials or a space are refused rather than cut off: what was meant is unclear.
    """
    typed = text.strip().lower()
    if "://" in typed:
        raise BadAddress("scheme")
    host, colon, port = typed.partition(":")
    if colon and not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 2**16):
        raise BadAddress("domain")
    try:
        ascii_host = host.rstrip(".").encode("idna").decode("ascii")
    except UnicodeError as error:
        raise BadAddress("domain") from error
    labels = ascii_host.split(".")
    known = len(labels) > 1 or ascii_host == "localhost"
    if not known or len(ascii_host) > 253 or any(not _LABEL.fullmatch(label) for label in labels):
        raise BadAddress("domain")
    return f"{ascii_host}:{int(port)}" if colon else ascii_host


def folder(text: str) -> str:
    """Return a shop's folder: begins with a slash, ends without one, "/" for the whole domain. Raises BadAddress."""
    typed = text.strip() or "/"
    path = typed if typed.startswith("/") else f"/{typed}"
    if len(path) > 255 or _PATH.fullmatch(path) is None or ".." in path.split("/"):
        raise BadAddress("path")
    return path.rstrip("/") or "/"


def words_problem(words: dict[str, str]) -> str | None:
    """Return what is wrong with a status map: empty, many, word or state; None when it can be used."""
    if not words:
        return "empty"
    if len(words) > MOST_WORDS:
        return "many"
    if any(
        not word.strip() or len(word) > LONGEST_WORD or not word.isprintable() for word in words
    ):
        return "word"
    return None if set(words.values()) <= set(STATES) else "state"


def setting_problem(name: str, value: object) -> str | None:
    """Return what is wrong with a setting: unknown, choice, range, type; None: it can stand."""
    if name in CHOICES:
        return None if value in CHOICES[name] else "choice"
    if name in SWITCHES:
        return None if isinstance(value, bool) else "type"
    if name in RANGES:
        return None if _is_in_range(name, value) else "range"
    if name == "margin":
        return None if value is None or _is_margin(value) else "type"
    if name in LISTS or name in TEXTS:
        return None if _is_list(name, value) or _is_text(name, value) else "type"
    return "unknown"


def _is_in_range(name: str, value: object) -> bool:
    low, high = RANGES[name]
    if value is None:
        return name in OPEN
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and low <= value <= high  # type: ignore[operator]


def _is_margin(value: object) -> bool:
    return isinstance(value, str) and _MARGIN.fullmatch(value) is not None


def _is_text(name: str, value: object) -> bool:
    return name in TEXTS and (value is None or _is_line(value, TEXTS[name]))


def _is_list(name: str, value: object) -> bool:
    least, most = LISTS.get(name, (0, -1))
    one = _is_parameter if name == "parameters" else _is_coupon
    return isinstance(value, list) and least <= len(value) <= most and all(map(one, value))


def _is_coupon(item: object) -> bool:
    return _is_line(item, LONGEST_WORD)


def _is_line(item: object, most: int) -> bool:
    plain = isinstance(item, str) and 0 < len(item) <= most and item == item.strip()
    return plain and item.isprintable()  # type: ignore[attr-defined]


def _is_parameter(item: object) -> bool:
    # "click" carries our own token beside the merchant's parameter.
    plain = isinstance(item, str) and _PARAMETER.fullmatch(item) is not None
    return plain and item != "click"
