"""Rules as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, case, func, select

from app.extensions import db
from app.orders.models import Order
from app.profiles.models import EffectApplication, ProfileRule, RuleEvaluation, RuleVersion
from app.profiles.rules import parse
from app.profiles.rules.references import references

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST = 200


def rule(public_id: str) -> ProfileRule | None:
    """Return the rule of the outside id."""
    return db.session.scalar(select(ProfileRule).where(ProfileRule.public_id == public_id))


def rules(ids: Iterable[int]) -> Sequence[ProfileRule]:
    """Return rules by their ids, archived ones included."""
    query = select(ProfileRule).where(ProfileRule.id.in_(set(ids)))
    return db.session.scalars(query.order_by(ProfileRule.id)).all()


def all_rules() -> Sequence[ProfileRule]:
    """Return the rules that are not archived, by profile, oldest first."""
    query = _standing().order_by(ProfileRule.profile, ProfileRule.id)
    return db.session.scalars(query).all()


def of_profile(profile: str) -> Sequence[ProfileRule]:
    """Return the rules of a profile that are not archived, oldest first."""
    query = _standing().where(ProfileRule.profile == profile).order_by(ProfileRule.id)
    return db.session.scalars(query).all()


def first_of_each(most: int) -> Sequence[ProfileRule]:
    """Return some rules of each profile: those that hold before others, the oldest first."""
    holds = case((ProfileRule.state == "published", 0), else_=1)
    order = (holds, ProfileRule.id)
    place = func.row_number().over(partition_by=ProfileRule.profile, order_by=order)
    numbered = select(ProfileRule.id, place.label("place")).where(ProfileRule.state != "archived")
    found = numbered.subquery()
    query = select(ProfileRule).join(found, found.c.id == ProfileRule.id)
    query = query.where(found.c.place <= most).order_by(ProfileRule.profile, *order)
    return db.session.scalars(query).all()


def counts() -> dict[str, int]:
    """Return how many rules that are not archived each profile has."""
    query = select(ProfileRule.profile, func.count()).where(ProfileRule.state != "archived")
    return {row[0]: row[1] for row in db.session.execute(query.group_by(ProfileRule.profile))}


def listed() -> Select[Any]:
    """Return the statement of all rules, archived ones included."""
    return select(ProfileRule)


def _standing() -> Select[Any]:
    return select(ProfileRule).where(ProfileRule.state != "archived")


def versions(rule_id: int) -> Sequence[RuleVersion]:
    """Return the published versions of a rule, the newest first."""
    query = select(RuleVersion).where(RuleVersion.rule_id == rule_id)
    return db.session.scalars(query.order_by(RuleVersion.number.desc()).limit(MOST)).all()


def version(version_id: int) -> RuleVersion | None:
    """Return one version."""
    return db.session.scalar(select(RuleVersion).where(RuleVersion.id == version_id))


def evaluations(rule_id: int, most: int = 20) -> Sequence[RuleEvaluation]:
    """Return the last looks of a rule, the newest first."""
    query = select(RuleEvaluation).where(RuleEvaluation.rule_id == rule_id)
    return db.session.scalars(query.order_by(RuleEvaluation.id.desc()).limit(most)).all()


def evaluations_of(event_key: str) -> Sequence[RuleEvaluation]:
    """Return what rules made of an event, those that are met first."""
    query = select(RuleEvaluation).where(RuleEvaluation.event_key == event_key)
    order = (RuleEvaluation.matched.desc(), RuleEvaluation.rule_id)
    return db.session.scalars(query.order_by(*order).limit(MOST)).all()


def telling(code: str) -> list[str]:
    """Return the names of the rules that send a message of the merchant's, as drafted or published."""
    sent = {"effects": [{"do": "notify", "message": code}]}
    drafted = ProfileRule.draft.contains(sent)
    published = (
        select(RuleVersion.id)
        .where(RuleVersion.id == ProfileRule.version_id, RuleVersion.body.contains(sent))
        .exists()
    )
    query = select(ProfileRule.name).where(ProfileRule.state != "archived", drafted | published)
    return list(db.session.scalars(query.order_by(ProfileRule.id).limit(MOST)))


def owners_paid(event_key: str, rule_id: int) -> list[int]:
    """Return the rights holders whom a rule has paid for an event, as customers."""
    query = select(EffectApplication.recipient).where(
        EffectApplication.event_key == event_key,
        EffectApplication.rule_id == rule_id,
        EffectApplication.recipient.startswith("owner:"),
        EffectApplication.amount > 0,
    )
    found = db.session.scalars(query.order_by(EffectApplication.recipient))
    return list(dict.fromkeys(int(each.partition(":")[2]) for each in found))


@dataclass(frozen=True)
class Past:
    """A past order that a rule can be tried on."""

    id: int
    number: str


def past_order(number: str) -> Past | None:
    """Return the newest order of a number."""
    query = select(Order.id, Order.number).where(Order.number == number)
    row = db.session.execute(query.order_by(Order.id.desc()).limit(1)).one_or_none()
    return None if row is None else Past(row.id, row.number)


def ever(profile: str) -> bool:
    """Tell whether the profile has or had a rule, archived ones included."""
    query = select(ProfileRule.id).where(ProfileRule.profile == profile).limit(1)
    return db.session.scalar(query) is not None


def all_naming(kind: str, word: str) -> list[ProfileRule]:
    """Return the rules that are not archived and name something of a kind, as they hold or are drafted."""
    found = []
    for each in all_rules():
        named = references(parse(each.draft))
        if any(n.kind == kind and n.name.casefold() == word.casefold() for n in named):
            found.append(each)
    return found


def naming(kind: str, word: str) -> str | None:
    """Return the name of a rule that is not archived and names something of a kind, draft or published."""
    for each in all_rules():
        held = version(each.version_id) if each.version_id else None
        for body in (each.draft, held.body if held is not None else None):
            named = references(parse(body)) if body is not None else ()
            if any(n.kind == kind and n.name.casefold() == word.casefold() for n in named):
                return each.name
    return None
