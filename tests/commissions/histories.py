"""Histories of the oracle: data files whose outcome people have computed, read and played.

A file holds a theme: `merchant` (currency and zone, where they are not roubles and Moscow) and
`histories`. Times are the merchant's own ("10-01 12:00" is of 2026; an offset may stand behind),
sums are decimals of its currency, "-" is a level that falls through. What a message leaves unsaid
is as its order's message before said it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from app.money import parse_decimal
from app.orders.rules import (
    Customer,
    Line,
    PartnerData,
    Refund,
    RefundLine,
    Snapshot,
    parse_quantity,
    problems,
)

ORACLE = Path(__file__).parent / "oracle"
GLEB = {"id": "77", "email": "gleb@example.org", "name": "Gleb"}
_TIME = re.compile(
    r"(?P<year>\d{4}-)?(?P<day>\d\d-\d\d)(?: (?P<time>\d\d:\d\d(:\d\d)?))?(?P<zone>[+-]\d\d:\d\d)?"
)


@dataclass(frozen=True)
class Merchant:
    """In which money and by which clock a file reckons."""

    currency: str = "RUB"
    zone: str = "Europe/Moscow"

    def sum(self, text: str) -> int:
        """Return minor units."""
        return parse_decimal(text, self.currency)

    def time(self, text: str) -> datetime:
        """Return the instant of a time as the files write it."""
        found = _TIME.fullmatch(text)
        if found is None:
            raise ValueError(text)
        written = f"{found['year'] or '2026-'}{found['day']} {found['time'] or '00:00'}"
        if found["zone"]:
            return datetime.fromisoformat(written + found["zone"])
        return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(self.zone))


@dataclass(frozen=True)
class Said:
    """One message of the shop, or its word that an order is gone (no snapshot)."""

    order: str
    at: datetime
    fields: dict[str, Any] | None


@dataclass(frozen=True)
class History:
    """What the world was, what was said, when we look and what we see."""

    theme: str
    name: str
    merchant: Merchant
    sums: str
    ordered: str | None  # why its messages may not be shuffled
    world: list[dict[str, Any]] = field(repr=False)
    says: list[dict[str, Any]] = field(repr=False)
    looks: list[dict[str, Any]] = field(repr=False)

    @cached_property
    def messages(self) -> list[Said]:
        """Everything that the shop says, each message whole."""
        found, before = [], dict[str, dict[str, Any]]()
        for each in self.says:
            at = self.merchant.time(each["at"])
            if "delete" in each:
                found.append(Said(each["delete"], at, None))
                continue
            said = before.get(each["order"], {"created": each["at"]}) | {"updated": each["at"]}
            before[each["order"]] = said | each
            found.append(Said(each["order"], at, said | each))
        return found


def read() -> list[History]:
    """Return every history of every file."""
    found = []
    for path in sorted(ORACLE.glob("*.yaml")):
        # The base loader leaves every word as it is written: sums are no floats.
        told = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506
        merchant = Merchant(**told.get("merchant", {}))
        for each in told["histories"]:
            looks = each.get("looks") or [{"at": each["look"], "expect": each["expect"]}]
            own = Merchant(**each["merchant"]) if "merchant" in each else merchant
            found.append(
                History(
                    path.stem,
                    each["name"],
                    own,
                    each["sums"],
                    each.get("ordered"),
                    told.get("world", []) + each.get("world", []),
                    each["says"],
                    looks,
                )
            )
    return found


def is_yes(word: str) -> bool:
    """Read yes and no."""
    return {"yes": True, "no": False}[word]


def levels_of(words: list[str]) -> list[str | None]:
    """Read levels."""
    return [None if word == "-" else word for word in words]


def snapshot_of(said: dict[str, Any], merchant: Merchant, click: str | None) -> Snapshot:
    """Return the message as the shop's program would send it; `click` is the token, if any."""
    staff = said.get("staff")
    customer = GLEB | said["customer"] if "customer" in said else GLEB
    snapshot = Snapshot(
        status=said["status"],
        currency=merchant.currency,
        created_at=merchant.time(said["created"]),
        updated_at=_maybe(said, "updated", merchant),
        completed_at=_maybe(said, "completed", merchant),
        version=int(said["version"]) if "version" in said else None,
        customer=Customer(**{k: v for k, v in customer.items() if v != "none"}),
        lines=tuple(_line(n, each, merchant) for n, each in enumerate(said["lines"], start=1)),
        coupons=tuple(said.get("coupons", ())),
        click=click,
        ref=said.get("ref"),
        entry=said.get("entry"),
        partner_code=said.get("code"),
        partner_data=PartnerData(refcode=staff) if staff else None,
        bonus_spend=merchant.sum(said.get("bonus", "0")),
        refunds=tuple(
            _refund(n, each, merchant) for n, each in enumerate(said.get("refunds", ()), start=1)
        ),
        shipping=merchant.sum(said.get("shipping", "0")),
        fees=merchant.sum(said.get("fees", "0")),
    )
    wrong = problems(snapshot)
    if wrong:
        raise ValueError(wrong)
    return snapshot


def _maybe(said: dict[str, Any], name: str, merchant: Merchant) -> datetime | None:
    text = said.get(name, "none")
    return None if text == "none" else merchant.time(text)


def _line(number: int, said: dict[str, Any], merchant: Merchant) -> Line:
    sums = {n: merchant.sum(said[n]) for n in ("price", "discount", "amount", "tax") if n in said}
    return Line(
        id=said.get("id", str(number)),
        product=said.get("product"),
        category=said.get("category"),
        quantity=parse_quantity(said.get("quantity", "1")),
        promo=is_yes(said["promo"]) if "promo" in said else None,
        **sums,  # type: ignore[arg-type]
    )


def _refund(number: int, said: dict[str, Any], merchant: Merchant) -> Refund:
    """Read a refund: an amount, or parts of lines, where "x2" is a quantity."""
    lines = []
    for line, word in said.get("lines", {}).items():
        by_quantity = word.startswith("x")
        lines.append(
            RefundLine(
                line=line,
                quantity=parse_quantity(word[1:]) if by_quantity else None,
                amount=None if by_quantity else merchant.sum(word),
            )
        )
    amount = merchant.sum(said["amount"]) if "amount" in said else None
    return Refund(id=said.get("id", f"r{number}"), lines=tuple(lines), amount=amount)


def moment(at: datetime) -> str:
    """Write an instant for comparison."""
    return at.astimezone(UTC).isoformat()
