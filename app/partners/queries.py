"""Read partners, their codes and who brought whom."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from app import clock
from app.catalog.rules import search_text
from app.extensions import db
from app.facts import service as facts
from app.identity import queries as people
from app.members.models import Member
from app.members.rules import normalise_email, normalise_phone
from app.partners.models import Code, Partner, Rehang, SponsorEdge
from app.partners.rules import Edge, Identity, Status, fold_code, tree_of, upline
from app.programs import queries as programs
from app.programs.models import Group
from app.programs.rules import Offer, Resolved, Source, left, over, parse_levels, resolve

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from app.programs.models import Terms


@dataclass(frozen=True)
class Card:
    """What other pages show of a partner."""

    id: int
    public_id: str
    refcode: str
    name: str
    status: str


def by_id(partner_id: int) -> Partner | None:
    """Return a partner of the scope."""
    return db.session.scalar(select(Partner).where(Partner.id == partner_id))


def by_public_id(public_id: str) -> Partner | None:
    """Return a partner by the outside id."""
    return db.session.scalar(select(Partner).where(Partner.public_id == public_id))


def by_refcode(said: str) -> Partner | None:
    """Return the partner meant by a refcode (a renamed one too) or an outside id."""
    query = (
        select(Partner)
        .join(Code, and_(Code.tenant_id == Partner.tenant_id, Code.partner_id == Partner.id))
        .where(Code.key == fold_code(said), Code.kind == "refcode")
    )
    return db.session.scalar(query) or by_public_id(said)


def by_refcodes(said: Collection[str]) -> dict[str, Partner]:
    """Return {what was said: partner}, as `by_refcode` finds each; nobody's are left out."""
    if not said:
        return {}
    spelled: dict[str, list[str]] = defaultdict(list)
    for each in said:
        spelled[fold_code(each)].append(each)
    query = (
        select(Code.key, Partner)
        .join(Code, and_(Code.tenant_id == Partner.tenant_id, Code.partner_id == Partner.id))
        .where(Code.key.in_(spelled), Code.kind == "refcode")
    )
    found = {word: row.Partner for row in db.session.execute(query) for word in spelled[row.key]}
    rest = [each for each in said if each not in found]
    by_id = select(Partner).where(Partner.public_id.in_(rest))
    return found | {partner.public_id: partner for partner in db.session.scalars(by_id)}


def by_email(email: str) -> Partner | None:
    """Return the partner with a normalised e-mail, unless removed."""
    return db.session.scalar(
        select(Partner).where(Partner.email == email, Partner.status != Status.REMOVED)
    )


def emails_among(emails: Iterable[str]) -> set[str]:
    """Return which of these normalised e-mails are partners', removed ones aside."""
    wanted = set(emails)
    query = select(Partner.email).where(Partner.email.in_(wanted), Partner.status != Status.REMOVED)
    return {email for email in db.session.scalars(query) if email} if wanted else set()


def cards(partner_ids: Iterable[int | None]) -> dict[int, Card]:
    """Return names and codes of partners by our ids."""
    ids = {i for i in partner_ids if i is not None}
    if not ids:
        return {}
    query = select(
        Partner.id, Partner.public_id, Partner.refcode, Partner.name, Partner.status
    ).where(Partner.id.in_(ids))
    return {row.id: Card(*row) for row in db.session.execute(query)}


def partner_of_code(keys: Iterable[str]) -> dict[str, int]:
    """Return {folded code: partner} for refcodes, promo and link codes, retired ones included.

    Any spelling may be given; look the answer up by rules.fold_code.
    """
    folded = {fold_code(key) for key in keys}
    if not folded:
        return {}
    query = select(Code.key, Code.partner_id).where(Code.key.in_(folded))
    return {row.key: row.partner_id for row in db.session.execute(query)}


def codes_of(partner_ids: Iterable[int]) -> dict[int, list[Code]]:
    """Return each partner's codes that are shown: refcode first, then promo codes as they were made."""
    ids = set(partner_ids)
    query = (
        select(Code)
        .where(Code.partner_id.in_(ids), Code.retired_at.is_(None), Code.kind != "link")
        .order_by(Code.kind.desc(), Code.id)
    )
    found: dict[int, list[Code]] = {i: [] for i in ids}
    for code in db.session.scalars(query):
        found[code.partner_id].append(code)
    return found


def edges_of(partner_id: int) -> Sequence[SponsorEdge]:
    """Return a partner's own dated edges, oldest first."""
    query = select(SponsorEdge).where(SponsorEdge.partner_id == partner_id)
    return db.session.scalars(query.order_by(SponsorEdge.valid_from)).all()


def edge_now(partner_id: int) -> SponsorEdge | None:
    """Return the edge that holds now, "no sponsor" included."""
    query = select(SponsorEdge).where(SponsorEdge.partner_id == partner_id, _holds(clock.now()))
    return db.session.scalar(query)


def upline_edges(partner_ids: Iterable[int]) -> tuple[Edge, ...]:
    """Return all dated edges of the partners and of everybody who ever stood above them."""
    ids = set(partner_ids)
    if not ids:
        return ()
    above = (
        select(SponsorEdge.sponsor_id.label("id"))
        .where(SponsorEdge.partner_id.in_(ids), SponsorEdge.sponsor_id.is_not(None))
        .cte("above", recursive=True)
    )
    above = above.union(
        select(SponsorEdge.sponsor_id)
        .join(above, SponsorEdge.partner_id == above.c.id)
        .where(SponsorEdge.sponsor_id.is_not(None))
    )
    query = select(SponsorEdge).where(
        or_(SponsorEdge.partner_id.in_(ids), SponsorEdge.partner_id.in_(select(above.c.id)))
    )
    return tuple(
        Edge(edge.partner_id, edge.sponsor_id, edge.valid_from, edge.valid_to)
        for edge in db.session.scalars(query.order_by(SponsorEdge.valid_from))
    )


def sponsors_at(partner_ids: Iterable[int], at: datetime | None = None) -> dict[int, int]:
    """Return {partner: sponsor} as it holds at an instant (now); roots are absent."""
    query = select(SponsorEdge.partner_id, SponsorEdge.sponsor_id).where(
        SponsorEdge.partner_id.in_(set(partner_ids)),
        SponsorEdge.sponsor_id.is_not(None),
        _holds(at or clock.now()),
    )
    return {row.partner_id: row.sponsor_id for row in db.session.execute(query)}


def identities(partner_ids: Iterable[int], region: str | None = None) -> dict[int, Identity]:
    """Return by what partners are known as buyers, now; phones without a country are of `region`."""
    query = select(Partner.id, Partner.member_id, Partner.email, Partner.phone).where(
        Partner.id.in_(set(partner_ids))
    )
    return {
        row.id: identity_of(row.member_id, row.email, row.phone, region)
        for row in db.session.execute(query)
    }


def identity_of(
    member_id: int | None, email: str | None, phone: str | None, region: str | None
) -> Identity:
    """Return by what a partner with these is known as a buyer."""
    return Identity(
        members=_some(member_id),
        emails=_some(normalise_email(email)),
        phones=_some(normalise_phone(phone, region)),
    )


def levels_of(partner_ids: Iterable[int]) -> dict[int, list[str | None]]:
    """Return the rates of partners' own cards as they hold now."""
    ids = set(partner_ids)
    known = facts.current([f"partner:{i}" for i in ids], ["levels"])
    return {i: known.get(f"partner:{i}", {}).get("levels") or [] for i in ids}


def own_levels(
    partner_ids: Sequence[int],
) -> dict[int, tuple[list[str | None], dict[str, list[str | None]]]]:
    """Return the levels of card and group, and the group's by the buyer's group that the card leaves."""
    cards = levels_of(partner_ids)
    query = select(Partner.id, Partner.group_id).where(Partner.id.in_(partner_ids))
    groups = {row.id: row.group_id for row in db.session.execute(query)}
    known = programs.group_offers({i for i in groups.values() if i is not None})
    found = {}
    for partner_id, card in cards.items():
        levels, by_buyer = known.get(groups.get(partner_id), ([], {}))
        rest = {name: left(card, rates) for name, rates in by_buyer.items()}
        both = over(card, [*levels, *[None] * len(card)])
        found[partner_id] = (both, {name: rates for name, rates in rest.items() if rates})
    return found


def effective_rates(partner: Partner, currency: str) -> list[Resolved]:
    """Return what the partner earns at each level of his terms now, products and categories aside."""
    terms_id = terms_of(partner).id
    terms = programs.conditions([terms_id])[terms_id].levels
    group_id = partner.group_id
    group = programs.group_levels([group_id])[group_id] if group_id is not None else []
    own = levels_of([partner.id])[partner.id]
    said = [(Source.PARTNER, own), (Source.GROUP, group), (Source.TERMS, terms)]
    said += [(Source.CAMPAIGN, levels) for levels in _everywhere(partner)]
    offers = [Offer(source, source.value, parse_levels(texts, currency)) for source, texts in said]
    found = (resolve(offers, level) for level in range(1, len(terms) + 1))
    return [each for each in found if each is not None]


def _everywhere(partner: Partner) -> list[list[str | None]]:
    """Return the levels of campaigns that run now for this partner on all goods, the strongest first."""
    now = clock.now()
    running = [
        c for c in programs.campaigns_for(partner.id, partner.group_id, now) if c.starts_at <= now
    ]
    running.sort(key=lambda campaign: (campaign.starts_at, campaign.id), reverse=True)
    offers = programs.offers_of(running)
    found = (offers[campaign.id] for campaign in running)
    return [o["levels"] for o in found if not (o["products"] or o["categories"])]


def terms_of(partner: Partner) -> Terms:
    """Return the terms that the partner is on now: his own, else his group's, else the base."""
    group = programs.group_by_id(partner.group_id) if partner.group_id is not None else None
    chosen = (partner.terms_id, group.terms_id if group else None)
    for terms_id in chosen:
        terms = programs.terms_by_id(terms_id) if terms_id is not None else None
        if terms is not None and programs.is_open(terms, clock.now()):
            return terms
    return programs.base_terms()


def terms_counts() -> dict[int, int]:
    """Return how many active partners are on each set of terms: by card, by group, else the base."""
    base = programs.base_terms().id
    on = func.coalesce(Partner.terms_id, Group.terms_id, base)
    query = (
        select(on, func.count())
        .select_from(Partner)
        .outerjoin(Group, and_(Group.tenant_id == Partner.tenant_id, Group.id == Partner.group_id))
        .where(Partner.status == Status.ACTIVE)
        .group_by(on)
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def group_counts() -> dict[int, int]:
    """Return how many active partners are in each group."""
    query = (
        select(Partner.group_id, func.count())
        .where(Partner.status == Status.ACTIVE, Partner.group_id.is_not(None))
        .group_by(Partner.group_id)
    )
    return {group_id: number for group_id, number in db.session.execute(query) if group_id}


def on_terms(terms_id: int, *, is_base: bool) -> Any:
    """Return the condition on partners who are on a set of terms."""
    of_group = select(Group.terms_id).where(
        Group.tenant_id == Partner.tenant_id, Group.id == Partner.group_id
    )
    on = func.coalesce(Partner.terms_id, of_group.scalar_subquery())
    return on.is_(None) | (on == terms_id) if is_base else on == terms_id


def terms_of_code(said: str) -> int | None:
    """Return the set of terms on which whoever registers by this code begins."""
    return db.session.scalar(select(Code.terms_id).where(Code.key == fold_code(said)))


def codes_to(terms_id: int) -> Sequence[Code]:
    """Return the codes that lead to a set of terms."""
    query = select(Code).where(Code.terms_id == terms_id, Code.retired_at.is_(None))
    return db.session.scalars(query.order_by(Code.key)).all()


def listed() -> Select[Any]:
    """Return the statement of the office's list: partners proper, without applications turned down."""
    return select(Partner)


def matching(statement: Select[Any], words: str) -> Select[Any]:
    """Narrow a list of partners to those whose name, e-mail or code has every word."""
    for word in search_text(words).split():
        statement = statement.where(Partner.search.contains(word, autoescape=True))
    return statement


def patterns(words: str) -> list[str]:
    """Return LIKE patterns for each word of a search, for plain statements; none without words."""
    escaped = (
        word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        for word in search_text(words).split()
    )
    return [f"%{word}%" for word in escaped]


def line_above(partner_id: int) -> list[Card]:
    """Return the partners above, the topmost first, as they stand now."""
    now = clock.now()
    tree = tree_of(upline_edges([partner_id]))
    ids = upline(tree, partner_id, now, depth=len(tree) + 1)
    known = cards(ids)
    return [known[i] for i in reversed(ids)]


def recruit_counts(partner_ids: Iterable[int]) -> dict[int, int]:
    """Return how many partners each one sponsors now."""
    ids = set(partner_ids)
    query = (
        select(SponsorEdge.sponsor_id, func.count())
        .join(
            Partner,
            and_(Partner.tenant_id == SponsorEdge.tenant_id, Partner.id == SponsorEdge.partner_id),
        )
        .where(
            SponsorEdge.sponsor_id.in_(ids),
            _holds(clock.now()),
            Partner.status.in_(_IN_NETWORK),
        )
        .group_by(SponsorEdge.sponsor_id)
    )
    found = {row[0]: row[1] for row in db.session.execute(query)}
    return {i: found.get(i, 0) for i in ids}


def moving(partner_id: int) -> Rehang | None:
    """Return the move of a removed partner's children that still runs."""
    query = select(Rehang).where(Rehang.partner_id == partner_id, Rehang.finished_at.is_(None))
    return db.session.scalar(query)


def member_keys(member_ids: Iterable[int | None]) -> dict[int, str]:
    """Return the shop's own ids of customers by our ids; guests have none."""
    wanted = {i for i in member_ids if i is not None}
    if not wanted:
        return {}
    query = select(Member.id, Member.key).where(Member.id.in_(wanted), Member.key.startswith("id:"))
    return {row.id: row.key.removeprefix("id:") for row in db.session.execute(query)}


def actor_names(actors: Iterable[str]) -> dict[str, str]:
    """Return the names of those actors who are people, for the log: {"person:3": "Olga"}."""
    said = {actor for actor in actors if actor.startswith("person:")}
    known = people.people(int(actor.partition(":")[2]) for actor in said) if said else {}
    return {f"person:{number}": person.name for number, person in known.items()}


_IN_NETWORK = (Status.ACTIVE, Status.BLOCKED)


def _holds(at: datetime) -> ColumnElement[bool]:
    return and_(
        SponsorEdge.valid_from <= at,
        or_(SponsorEdge.valid_to.is_(None), SponsorEdge.valid_to > at),
    )


def _some(value: Any) -> frozenset[Any]:
    return frozenset() if value is None else frozenset({value})
