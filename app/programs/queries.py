"""Read sets of terms and partner groups, with the rates that hold now."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, literal, select, union_all

from app.extensions import db
from app.facts import service as facts
from app.programs.models import Campaign, Group, Terms, TermsDraft

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

BIGINT_DIGITS = 18
_VERSION = re.compile(r" v[0-9]+$")


@dataclass(frozen=True)
class Conditions:
    """What a set of terms pays now. Levels are the API's strings; None: as the merchant's settings say."""

    label: str
    levels: list[str | None]
    hold_days: int | None
    window_days: int | None
    base: dict[str, bool]
    levels_by_buyer: dict[str, list[str | None]] = field(default_factory=dict)
    cashback_rate: str | None = None
    cap: int | None = None  # a month, minor units

    @property
    def discount(self) -> bool:
        """Whether the base is reckoned from prices before the discount."""
        return self.base.get("discount", False)

    @property
    def shipping(self) -> bool:
        """Whether commissions are also reckoned from shipping."""
        return self.base.get("shipping", False)

    @property
    def tax(self) -> bool:
        """Whether tax belongs to the base."""
        return self.base.get("tax", True)


@dataclass(frozen=True)
class Versions:
    """Which version of a set of terms holds, and those that are published for later: (version, since)."""

    now: int
    later: list[tuple[int, datetime]]


def base_terms() -> Terms:
    """Return the set on which every partner is unless said otherwise."""
    return db.session.scalars(select(Terms).where(Terms.is_base)).one()


def terms_by_id(terms_id: int) -> Terms | None:
    """Return a set of terms of the scope."""
    return db.session.scalar(select(Terms).where(Terms.id == terms_id))


def all_terms() -> Sequence[Terms]:
    """Return every set of terms, the base first."""
    return db.session.scalars(select(Terms).order_by(Terms.is_base.desc(), Terms.id)).all()


def drafts_of(terms_id: int, at: datetime) -> Sequence[TermsDraft]:
    """Return the drafts of a set of terms that do not hold yet, the newest first."""
    waiting = TermsDraft.holds_from.is_(None) | (TermsDraft.holds_from > at)
    query = select(TermsDraft).where(TermsDraft.terms_id == terms_id, waiting)
    return db.session.scalars(query.order_by(TermsDraft.id.desc())).all()


def waiting_at(at: datetime) -> Sequence[TermsDraft]:
    """Return the published drafts, of any terms, that begin to hold at that very moment."""
    return db.session.scalars(select(TermsDraft).where(TermsDraft.holds_from == at)).all()


def plans_of(terms_id: int, at: datetime) -> Sequence[TermsDraft]:
    """Return the published drafts of a set of terms that are yet to hold, the next one first."""
    query = select(TermsDraft).where(TermsDraft.terms_id == terms_id, TermsDraft.holds_from > at)
    return db.session.scalars(query.order_by(TermsDraft.holds_from)).all()


def find_draft(public_id: str) -> TermsDraft | None:
    """Return a draft by its outside id."""
    return db.session.scalar(select(TermsDraft).where(TermsDraft.public_id == public_id))


def terms_listed() -> Select[tuple[Terms]]:
    """Return the statement of every set of terms; the base was made first."""
    return select(Terms)


def groups_listed() -> Select[tuple[Group]]:
    """Return the statement of every group."""
    return select(Group)


def find_terms(said: str) -> Terms | None:
    """Return the set of terms meant by an outside id, a name, or a number as addresses carry it."""
    found = db.session.scalar(select(Terms).where(Terms.public_id == said))
    found = found or db.session.scalar(select(Terms).where(Terms.name == said))
    number = _number(said)
    return found if found is not None or number is None else terms_by_id(number)


def terms_meant(words: Iterable[str]) -> dict[str, int]:
    """Return {word: terms} for words by which orders name sets of terms: name, label or outside id.

    In any case; a label is the name with a version, "Base terms v2", as our answers carry it.
    """
    known: dict[str, int] = {}
    for row in db.session.execute(select(Terms.id, Terms.public_id, Terms.name)):
        known |= {row.public_id.casefold(): row.id, row.name.casefold(): row.id}
    found = {word: word.strip().casefold() for word in words}
    return {
        word: known[key]
        for word, said in found.items()
        for key in (said if said in known else _VERSION.sub("", said),)
        if key in known
    }


def terms_by_public_id(public_id: str) -> Terms | None:
    """Return the set of terms with an outside id, and by nothing else: the id is what lets one in."""
    return db.session.scalar(select(Terms).where(Terms.public_id == public_id))


def group_by_id(group_id: int) -> Group | None:
    """Return a group of the scope."""
    return db.session.scalar(select(Group).where(Group.id == group_id))


def all_groups() -> Sequence[Group]:
    """Return every group by name."""
    return db.session.scalars(select(Group).order_by(Group.name, Group.id)).all()


def sets() -> Sequence[Any]:
    """Return kind ("group", "terms"), id, name and is_base of every group and set of terms, in one statement."""
    groups = select(
        literal("group").label("kind"), Group.id, Group.name, literal(value=False).label("is_base")
    )
    terms = select(literal("terms").label("kind"), Terms.id, Terms.name, Terms.is_base)
    both = union_all(groups, terms).subquery()
    order = (both.c.kind, both.c.is_base.desc(), both.c.name, both.c.id)
    return db.session.execute(select(both).order_by(*order)).all()


def find_group(said: str) -> Group | None:
    """Return the group meant by an outside id, a name, or a number."""
    return find_groups([said]).get(said)


def find_groups(said: Iterable[str]) -> dict[str, Group]:
    """Return the groups meant by words: outside ids first, then names, then numbers."""
    words = set(said)
    numbers = {word: number for word in words if (number := _number(word)) is not None}
    query = select(Group).where(
        Group.public_id.in_(words) | Group.name.in_(words) | Group.id.in_(set(numbers.values()))
    )
    rows = db.session.scalars(query.order_by(Group.id.desc())).all()
    by_id = {group.id: group for group in rows}
    found = {word: by_id[number] for word, number in numbers.items() if number in by_id}
    found |= {group.name: group for group in rows if group.name in words}
    return found | {group.public_id: group for group in rows if group.public_id in words}


def conditions(terms_ids: Iterable[int]) -> dict[int, Conditions]:
    """Return what each set of terms pays now."""
    ids = set(terms_ids)
    known = facts.current([f"terms:{i}" for i in ids])
    return {i: read_conditions(known[f"terms:{i}"]) for i in ids if f"terms:{i}" in known}


def versions(terms_ids: Iterable[int], at: datetime) -> dict[int, Versions]:
    """Return which version of each set of terms holds at an instant, and which come after it."""
    owners = {f"terms:{i}": i for i in terms_ids}
    found = facts.history(owners, ["label"])
    return {
        owners[owner]: Versions(
            now=_version(timeline.at(at)),
            later=[(_version(label), since) for since, label in timeline.rows if since > at],
        )
        for (owner, _name), timeline in found.items()
    }


def _version(label: str) -> int:
    return int(label.rpartition(" v")[2])  # as label_of() writes it


def group_levels(group_ids: Iterable[int]) -> dict[int, list[str | None]]:
    """Return the levels of each group as they hold now."""
    ids = set(group_ids)
    known = facts.current([f"group:{i}" for i in ids], ["levels"])
    return {i: known.get(f"group:{i}", {}).get("levels") or [] for i in ids}


def group_offers(
    group_ids: Iterable[int],
) -> dict[int | None, tuple[list[str | None], dict[str, list[str | None]]]]:
    """Return the levels of each group as they hold now, and those by the buyer's group."""
    ids = set(group_ids)
    known = facts.current([f"group:{i}" for i in ids], ["levels", "levels_by_buyer"])
    said = {i: known.get(f"group:{i}", {}) for i in ids}
    return {
        i: (row.get("levels") or [], row.get("levels_by_buyer") or {}) for i, row in said.items()
    }


def group_by_buyer(group_id: int) -> dict[str, list[str | None]]:
    """Return a group's levels by the buyer's group, as they hold now."""
    owner = f"group:{group_id}"
    return facts.current([owner], ["levels_by_buyer"]).get(owner, {}).get("levels_by_buyer") or {}


def is_open(terms: Terms, at: datetime) -> bool:
    """Whether the set of terms holds at the instant."""
    return terms.valid_from <= at and (terms.valid_to is None or at < terms.valid_to)


def all_campaigns() -> Select[tuple[Campaign]]:
    """Return the statement of every campaign."""
    return select(Campaign)


def find_campaign(public_id: str) -> Campaign | None:
    """Return a campaign by its outside id."""
    return db.session.scalar(select(Campaign).where(Campaign.public_id == public_id))


def offer_of(campaign: Campaign) -> dict[str, Any]:
    """Return what a campaign pays, from when, till when and to whom, as it was last said."""
    return offers_of([campaign])[campaign.id]


def offers_of(campaigns: Iterable[Campaign]) -> dict[int, dict[str, Any]]:
    """Return the last offer of each campaign; of one stopped before it began, the offer it had."""
    known = {f"campaign:{campaign.id}": campaign.id for campaign in campaigns}
    found = facts.history(known, ["offer"])
    return {
        known[owner]: next(value for _at, value in reversed(timeline.rows) if value is not None)
        for (owner, _name), timeline in found.items()
    }


def campaigns_for(partner_id: int, group_id: int | None, at: datetime) -> list[Campaign]:
    """Return the campaigns that a partner should know of: running or yet to come, the nearest end first."""
    query = select(Campaign).where(
        Campaign.stopped_at.is_(None), (Campaign.ends_at.is_(None)) | (Campaign.ends_at > at)
    )
    found = db.session.scalars(query.order_by(Campaign.ends_at.nulls_last(), Campaign.id)).all()
    offers = offers_of(found)
    return [c for c in found if _concerns(offers[c.id], partner_id, group_id)]


def _concerns(offer: dict[str, Any], partner_id: int, group_id: int | None) -> bool:
    named = not offer["partners"] or partner_id in offer["partners"]
    return named and (not offer["groups"] or group_id in offer["groups"])


def read_conditions(found: Mapping[str, Any]) -> Conditions:
    """Return what stored facts of a set of terms say."""
    return Conditions(
        label=found.get("label") or "",
        levels=found.get("levels") or [],
        hold_days=found.get("hold_days"),
        window_days=found.get("window_days"),
        base=found.get("base") or {},
        levels_by_buyer=found.get("levels_by_buyer") or {},
        cashback_rate=found.get("cashback_rate"),
        cap=found.get("cap"),
    )


def _number(said: str) -> int | None:
    fits = said.isascii() and said.isdecimal() and len(said) <= BIGINT_DIGITS
    return int(said) if fits else None
