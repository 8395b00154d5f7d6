"""The order as it now stands: a fold of its messages that no order of arrival can change.

Every field is the greatest, the least or the union over all messages seen, each by one total
order, so absorbing is associative, commutative and idempotent.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from pydantic import TypeAdapter

from app.orders.rules.message import Instant, Line, Message, MessageKey, Snapshot, State

if TYPE_CHECKING:
    from datetime import datetime

EvidenceKind = Literal["click", "ref", "entry"]
FactName = Literal["category", "supplier", "brand", "promo"]


class Evidence(NamedTuple):
    """Something in a message that speaks for a partner; it counts even in an old message."""

    kind: EvidenceKind
    value: str


class LineFact(NamedTuple):
    """What the oldest message that names it says of a line."""

    line: str
    product: str | None
    name: FactName
    key: MessageKey
    value: str | bool


class BuyerGroup(NamedTuple):
    """The buyer's group in the shop, as the oldest message that names one says."""

    key: MessageKey
    name: str


class LineFacts(NamedTuple):
    """Category, supplier, brand and promo flag as messages named them; None: ask the catalogue."""

    category: str | None
    supplier: str | None
    promo: bool | None
    brand: str | None = None


@dataclass(frozen=True, kw_only=True)  # no slots: what is told of lines is sorted once
class Folded:
    """All that messages of one order amount to."""

    snapshot: Snapshot
    key: MessageKey
    mapped: State | None  # of the newest message whose word is mapped
    mapped_key: MessageKey | None
    completed_first: Instant | None  # the earliest time of any message that was completed
    facts: tuple[LineFact, ...]
    evidence: tuple[Evidence, ...]
    deleted_at: Instant | None = None
    group: BuyerGroup | None = None

    @property
    def deleted(self) -> bool:
        """Whether the shop's deletion still holds: only a later updated_at revives the order."""
        if self.deleted_at is None:
            return False
        said = self.snapshot.updated_at
        return said is None or said <= self.deleted_at

    @property
    def state(self) -> State:
        """Where the order stands: cancelled when deleted, else the newest word that is mapped."""
        if self.deleted:
            return State.CANCELLED
        return self.mapped or State.REGISTERED

    @property
    def buyer_group(self) -> str | None:
        """The buyer's group in the shop's words, when the order was made; None: none was named."""
        found = _group_of(self)
        return found.name if found else None

    @property
    def completed_since(self) -> datetime | None:
        """When the hold starts; None while the order is not completed."""
        if self.state is not State.COMPLETED:
            return None
        return self.snapshot.completed_at or self.completed_first

    @cached_property
    def _told(self) -> dict[tuple[str, str | None], dict[FactName, str | bool]]:
        """What was said, by line and product: carts of thousands of lines ask for each of them."""
        found: dict[tuple[str, str | None], dict[FactName, str | bool]] = defaultdict(dict)
        for fact in self.facts:
            found[fact.line, fact.product][fact.name] = fact.value
        return dict(found)

    def facts_of(self, line: Line) -> LineFacts:
        """Return what messages said of the line, oldest first.

        A line that now names another product is another line: its old facts do not follow.
        """
        said = self._told.get((line.id, line.product), {})
        return LineFacts(
            category=cast("str | None", said.get("category")),
            supplier=cast("str | None", said.get("supplier")),
            brand=cast("str | None", said.get("brand")),
            promo=cast("bool | None", said.get("promo")),
        )


_FOLDED = TypeAdapter(Folded)


def folded_to_json(folded: Folded) -> dict[str, Any]:
    """Write the fold for storage."""
    written: dict[str, Any] = _FOLDED.dump_python(folded, mode="json")
    return written


def folded_from_json(stored: dict[str, Any]) -> Folded:
    """Read what folded_to_json wrote."""
    return _FOLDED.validate_python(stored)


def absorb(folded: Folded | None, message: Message) -> Folded:
    """Take in one message; any order of arrival, with duplicates, ends in the same fold."""
    one = _alone(message)
    return one if folded is None else _join(folded, one)


def mark_deleted(folded: Folded, received_at: datetime) -> Folded:
    """Take in the deletion: marked at the later of receipt and the newest updated_at held."""
    marks = (received_at, folded.snapshot.updated_at, folded.deleted_at)
    return replace(folded, deleted_at=max(mark for mark in marks if mark is not None))


def _alone(message: Message) -> Folded:
    said, state, key = message.snapshot, message.state, message.key
    return Folded(
        snapshot=said,
        key=key,
        mapped=state,
        mapped_key=key if state else None,
        completed_first=key.at if state is State.COMPLETED else None,
        facts=_facts(said, key),
        evidence=_evidence(said),
        group=_named_group(said, key),
    )


def _named_group(said: Snapshot, key: MessageKey) -> BuyerGroup | None:
    name = (said.customer.group or "").strip()
    return BuyerGroup(key, name) if name else None


def _group_of(folded: Folded) -> BuyerGroup | None:
    # Folds stored before groups were kept have that of their newest message at least.
    return folded.group or _named_group(folded.snapshot, folded.key)


def _facts(said: Snapshot, key: MessageKey) -> tuple[LineFact, ...]:
    found = [
        LineFact(line.id, line.product, name, key, value)
        for line in said.lines
        for name, value in _named(line)
    ]
    return tuple(sorted(found, key=_fact_place))


def _named(line: Line) -> list[tuple[FactName, str | bool]]:
    said: list[tuple[FactName, str | bool | None]] = [
        ("category", line.category),
        ("supplier", line.supplier),
        ("brand", line.brand),
        ("promo", line.promo),
    ]
    return [(name, value) for name, value in said if value is not None]


def _fact_place(fact: LineFact) -> tuple[str, str, str]:
    return fact.line, fact.product or "", fact.name


def _evidence(said: Snapshot) -> tuple[Evidence, ...]:
    carried: list[tuple[EvidenceKind, str | None]] = [
        ("click", said.click),
        ("entry", said.entry),
        ("ref", said.ref),
    ]
    return tuple(Evidence(kind, value) for kind, value in carried if value)


def _proven(one: Folded, other: Folded) -> Folded:
    """Let the first proven word stand in place of all that anybody may have said, evidence included."""
    proven = other if one.snapshot.unproven else one
    deleted = [at for at in (one.deleted_at, other.deleted_at) if at is not None]
    return replace(proven, deleted_at=max(deleted, default=None))


def _join(one: Folded, other: Folded) -> Folded:
    if one.snapshot.unproven != other.snapshot.unproven:
        return _proven(one, other)
    newest = max(one, other, key=lambda folded: folded.key)
    mapped = max(one, other, key=lambda folded: (folded.mapped_key is not None, folded.mapped_key))
    completed = [at for at in (one.completed_first, other.completed_first) if at is not None]
    groups = [group for group in (_group_of(one), _group_of(other)) if group is not None]
    oldest: dict[tuple[str, str, str], LineFact] = {}
    for fact in (*one.facts, *other.facts):
        place = _fact_place(fact)
        if place not in oldest or fact.key < oldest[place].key:
            oldest[place] = fact
    return Folded(
        snapshot=newest.snapshot,
        key=newest.key,
        mapped=mapped.mapped,
        mapped_key=mapped.mapped_key,
        completed_first=min(completed, default=None),
        facts=tuple(oldest[place] for place in sorted(oldest)),
        evidence=tuple(sorted({*one.evidence, *other.evidence})),
        deleted_at=one.deleted_at or other.deleted_at,
        group=min(groups, default=None),
    )
