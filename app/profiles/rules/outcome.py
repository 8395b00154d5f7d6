"""What is known of an event, and what a rule makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Who = Literal["member", "referrer", "owner"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """One line: what is known of it, and `basis`, minor units left to earn from (exact)."""

    line: str
    basis: Fraction
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Referrer:
    """One of those above the customer, from his own referrer upwards."""

    member_id: int
    active: bool = True
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who holds the rights to the goods of a line, and which part of them."""

    owner_id: int
    line: str
    share: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of an event. What `said` lacks, or has as None, is not known.

    Values: numbers and sums are int or Fraction (minor units), sets are frozensets, days are dates.
    A fact counted over days has the key "member.orders_count@90". `at` is in the merchant's zone.
    """

    at: datetime
    member_id: int | None = None
    said: Mapping[str, Any] = field(default_factory=dict)
    goods: tuple[Goods, ...] = ()
    chain: tuple[Referrer, ...] = ()
    owners: tuple[Owner, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One question and its answer; `result` None: no data, which never pays."""

    path: str
    fact: str
    op: str
    wanted: Any
    got: Any
    result: bool | None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets something: the customer, a referrer `level` above him, or a rights holder."""

    who: Who
    id: int | None
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one effect gives one recipient, exactly and not yet rounded, in bonus minor units.

    `factor`: instead of a sum, so many times the bonuses of all rules; `lines`: what it was counted from.
    """

    effect: int
    do: str
    to: Recipient
    raw: Fraction
    factor: Fraction | None = None
    cap: int | None = None
    lines: tuple[str, ...] = ()
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Act:
    """What one effect does besides giving bonuses."""

    effect: int
    do: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a recipient is due from one effect: `amount` in bonus minor units; `why` it is less than `raw`."""

    rule: int
    effect: int
    do: str
    to: Recipient
    raw: Fraction
    amount: int
    why: str = ""
    lines: tuple[str, ...] = ()
    args: Mapping[str, Any] = field(default_factory=dict)

    @property
    def delay(self) -> Mapping[str, Any] | None:
        """When it becomes usable: {"days": n} or {"until": state}; None as the program says."""
        return self.args.get("delay")

    @property
    def expires(self) -> Mapping[str, Any] | None:
        """When it lapses: {"days": n}, {"end_of": "month"}, {"on": day}; None as the program says."""
        return self.args.get("expires")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a rule makes of an event. `effects`: had it been the only rule, and within its limits."""

    matched: bool
    trace: tuple[Step, ...]
    shares: tuple[Share, ...] = ()
    acts: tuple[Act, ...] = ()
    stops: tuple[tuple[int, str], ...] = ()  # (effect, why the chain ended)
    effects: tuple[Applied, ...] = ()
