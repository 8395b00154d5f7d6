"""Turn what messages carry into claims: whose codes, clicks and bindings, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from app import sql
from app.attribution.queries import read_clicks
from app.attribution.rules import Binding, Buyer, Claim, Enrolment, Kind, Reason
from app.codes import service as codes
from app.codes.rules import Conditions, timeline
from app.codes.service import Use
from app.links.queries import parameters
from app.orders.rules import StaffWord, State, partner_data
from app.orders.service import WORDS_OF, staff_words
from app.partners.rules import fold_code

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from app.attribution.queries import SeenClick
    from app.facts.rules import Timeline
    from app.orders.rules import Folded, PartnerData

EnrolmentRow = tuple[int | None, "datetime | None", bool, str]  # partner, touch, won, why
Row = tuple[int | None, "datetime | None", int, bool, str]  # partner, touch, position, won, why
Spoken = list[tuple[Kind, str, int]]  # kind, what was written, place in a list

UNANSWERED = "ref:"
_BY_CODE = frozenset({Kind.STAFF, Kind.PARTNER_CODE, Kind.COUPON})
_CONDITIONED = frozenset({Kind.PARTNER_CODE, Kind.COUPON})  # staff decide for themselves
_GONE = frozenset({State.CANCELLED, State.REFUNDED})


@dataclass(frozen=True)
class Journal:
    """What speaks for partners on a customer's orders, and what was kept of it so far."""

    claims: Mapping[int, tuple[Claim, ...]]
    enrolments: tuple[Enrolment, ...]  # by registration or subscription
    displays: Mapping[str, str]  # promo codes as they are shown, by what was written
    registered_at: datetime | None = None
    outcomes: Mapping[int, EnrolmentRow] = field(default_factory=dict)  # as kept, by enrolment
    kept: Mapping[int, Mapping[tuple[str, str], Row]] = field(default_factory=dict)
    bound: Binding | None = None  # as it is kept so far
    terms: Mapping[int, str] = field(default_factory=dict)  # as staff named them, by order
    uses: tuple[Use, ...] = ()  # of codes with a limit
    used: tuple[Use, ...] = ()  # as kept so far


@dataclass(frozen=True)
class Customer:
    """Whose journal is read: a member, or nobody who can be told apart; his orders by id, their shop."""

    member_id: int | None
    orders: Mapping[int, Folded]
    shop_id: int | None = None
    externals: Mapping[int, str] = field(default_factory=dict)  # the shop's own ids


_CODES = """
SELECT c.id, c.key, c.partner_id, c.display, c.kind,
       CASE WHEN c.dated THEN (
           SELECT jsonb_agg(jsonb_build_array(f.valid_from, f.value)) FROM fact f
           WHERE f.owner = 'code:' || c.id AND f.name = 'conditions') END AS conditions
FROM code c WHERE c.key = ANY(%(keys)s)
"""
_COUPONS = """
SELECT key, partner_id, display, origin FROM coupon
WHERE key = ANY(%(keys)s) AND taken_at IS NOT NULL
"""
_BINDINGS = """
SELECT member_id, partner_id, since, how, order_id FROM binding WHERE member_id = ANY(%(members)s)
"""
_CARDS = """
SELECT id, email, phone, registered_at, shop_id FROM member WHERE id = ANY(%(members)s)
"""
_ENROLMENTS = """
SELECT id, member_id, kind, evidence, since, how, refused, partner_id, touch_at, won, why
FROM enrolment WHERE member_id = ANY(%(members)s)
"""
_KEPT = """
SELECT order_id, kind, evidence, partner_id, touch_at, position, won, why
FROM claim WHERE order_id = ANY(%(orders)s)
"""


def read_journals(
    customers: Sequence[Customer], fresh: Collection[int], *, hold: bool = False
) -> list[Journal]:
    """Read every claim on customers' orders: staff's word, codes, clicks, refs, entry addresses.

    Codes and staff's word are those of the newest message; clicks, refs and entries count from all
    messages. Coupons that are nobody's code are no claims. Of the orders in `fresh` nothing can be
    kept yet. `hold`: lock the codes that are good for so many orders. Journals stand in the order asked.
    """
    orders = {order_id: folded for c in customers for order_id, folded in c.orders.items()}
    named = any(e.kind == "entry" for folded in orders.values() for e in folded.evidence)
    names = parameters() if named else ()
    spoken = {
        order_id: list(_spoken(folded, folded.snapshot.partner_data, names))
        for order_id, folded in orders.items()
    }
    tokens = {e.value for f in orders.values() for e in f.evidence if e.kind == "click"}
    members = {c.member_id for c in customers if c.member_id is not None}
    read = _read(spoken, members, orders.keys() - set(fresh), tokens)
    for order_id, word in read.words.items():
        said = partner_data(orders[order_id], word)
        spoken[order_id] = list(_spoken(orders[order_id], said, names))
    uses = {customer: tuple(_uses(c, spoken, read)) for customer, c in enumerate(customers)}
    if hold:
        codes.hold({u.code_id for own in (*uses.values(), read.used) for u in own})
    late = codes.late([use for own in uses.values() for use in own], orders)
    return [_journal(customer, spoken, read, uses[n], late) for n, customer in enumerate(customers)]


@dataclass(frozen=True)
class _Code:
    """A code of the namespace, or a coupon that is somebody's."""

    partner_id: int
    display: str
    kind: str
    id: int | None = None
    dated: Timeline[Conditions] | None = None
    given: bool = False

    def at(self, instant: datetime) -> Conditions | None:
        """Return what the code was good for then; None: always."""
        return self.dated.at(instant) if self.dated and self.kind == "promo" else None


@dataclass(frozen=True)
class _Read:
    """What the database says about the words of many orders."""

    codes: Mapping[str, _Code]  # by folded code
    coupons: Mapping[str, _Code]
    words: Mapping[int, StaffWord]  # by order
    bindings: Mapping[int, Binding]  # by member
    cards: Mapping[int, Any]  # by member: email, phone, registered_at
    enrolled: Sequence[Any]
    kept: Mapping[int, Mapping[tuple[str, str], Row]]  # by order
    used: Sequence[Use]
    clicks: Mapping[str, SeenClick]

    def code(self, kind: Kind, word: str) -> _Code | None:
        """Return what is meant by a word: a code, else a coupon where coupons stand."""
        key = fold_code(word)
        found = self.codes.get(key)
        return self.coupons.get(key) if found is None and kind is Kind.COUPON else found


def _read(
    spoken: Mapping[int, Spoken],
    members: Collection[int],
    orders: Collection[int],
    tokens: Collection[str],
) -> _Read:
    """Ask for codes, bindings, registrations and kept claims in one round trip, then for clicks."""
    keys = {fold_code(word) for found in spoken.values() for _, word, _ in found}
    listed = {fold_code(w) for found in spoken.values() for k, w, _ in found if k is Kind.COUPON}
    whose, known = {"members": sorted(members)}, {"orders": sorted(orders)}
    with sql.together():
        owned = sql.send(_CODES, {"keys": sorted(keys)}) if keys else None
        coupons = sql.send(_COUPONS, {"keys": sorted(listed)}) if listed else None
        bound = sql.send(_BINDINGS, whose) if members else None
        cards = sql.send(_CARDS, whose) if members else None
        told = sql.send(_ENROLMENTS, whose) if members else None
        claims = sql.send(_KEPT, known) if orders else None
        words = sql.send(WORDS_OF, known) if orders else None
        used = sql.send(codes.USES_OF, known) if orders else None
    found = owned.fetchall() if owned else []
    enrolled = told.fetchall() if told else []
    said = staff_words(words.fetchall()) if words else {}
    found += _further(enrolled, said.values(), keys)
    tokens = {*tokens, *(r.evidence for r in enrolled if r.kind == "click")}
    kept: dict[int, dict[tuple[str, str], Row]] = {order: {} for order in orders}
    for r in claims.fetchall() if claims else ():
        kept[r.order_id][r.kind, r.evidence] = (r.partner_id, r.touch_at, r.position, r.won, r.why)
    return _Read(
        codes={
            r.key: _Code(r.partner_id, r.display, r.kind, r.id, timeline(r.conditions))
            for r in found
        },
        coupons={
            r.key: _Code(r.partner_id, r.display, "coupon", given=r.origin != "assigned")
            for r in (coupons.fetchall() if coupons else ())
        },
        words=said,
        bindings={
            r.member_id: Binding(r.partner_id, r.since, r.how, r.order_id)
            for r in (bound.fetchall() if bound else ())
        },
        cards={row.id: row for row in cards.fetchall()} if cards else {},
        enrolled=enrolled,
        kept=kept,
        used=[Use(*row) for row in used.fetchall()] if used else [],
        clicks=read_clicks(tokens) if tokens else {},
    )


def _further(
    enrolled: Sequence[Any], words: Iterable[StaffWord], known: Collection[str]
) -> list[Any]:
    """Ask for the codes that registrations and staff named, but for those that are known."""
    keys = {fold_code(row.evidence) for row in enrolled if row.kind != "click"}
    keys |= {fold_code(w) for word in words if (w := _named(word.said))}
    keys -= set(known)
    return sql.rows(_CODES, {"keys": sorted(keys)}) if keys else []


def _journal(
    customer: Customer,
    spoken: Mapping[int, Spoken],
    read: _Read,
    uses: tuple[Use, ...],
    late: Collection[tuple[int, int]],
) -> Journal:
    member_id = customer.member_id or 0
    card, own = read.cards.get(member_id), [r for r in read.enrolled if r.member_id == member_id]
    shown = {
        word: code.display
        for order_id in customer.orders
        for kind, word, _ in spoken[order_id]
        if (code := read.code(kind, word)) is not None and code.kind in {"promo", "coupon"}
    }
    return Journal(
        claims={
            order_id: (
                *_claims(customer, order_id, spoken[order_id], read, late),
                *_clicks(folded, read.clicks),
            )
            for order_id, folded in customer.orders.items()
        },
        enrolments=tuple(_enrolment(row, card, read) for row in own),
        displays=shown,
        registered_at=card.registered_at if card else None,
        outcomes={row.id: (row.partner_id, row.touch_at, row.won, row.why) for row in own},
        kept={o: read.kept[o] for o in customer.orders if o in read.kept},
        bound=read.bindings.get(member_id),
        terms=dict(_terms(customer.orders, read.words)),
        uses=uses,
        used=tuple(use for use in read.used if use.order_id in customer.orders),
    )


def _terms(
    orders: Mapping[int, Folded], words: Mapping[int, StaffWord]
) -> Iterator[tuple[int, str]]:
    for order_id, folded in orders.items():
        said = partner_data(folded, words.get(order_id))
        if said is not None and said.terms and said.terms.strip():
            yield order_id, said.terms


def _uses(customer: Customer, spoken: Mapping[int, Spoken], read: _Read) -> Iterator[Use]:
    """Return which of the customer's orders carry codes that were good for so many orders."""
    for order_id, folded in customer.orders.items():
        at, shop = folded.snapshot.created_at, customer.shop_id or 0
        found = (read.code(kind, word) for kind, word, _ in spoken[order_id] if kind in _BY_CODE)
        for code in {each.id: each for each in found if each is not None}.values():
            said = code.at(at)
            if code.id is None or said is None or said.limit is None or said.lapse(at, shop):
                continue
            external = customer.externals.get(order_id, "")
            stands = folded.state not in _GONE
            yield Use(code.id, order_id, at, shop, external, said.limit, stands)


def _enrolment(row: Any, card: Any, read: _Read) -> Enrolment:
    kind, touch_at = Kind(row.kind), None
    flaw = Reason(row.refused) if row.refused else None
    if kind is Kind.CLICK:
        click = read.clicks.get(row.evidence)
        owner, touch_at = (click.partner_id, click.at) if click else (None, None)
        flaw = click.flaw if click else None
    else:
        code = read.codes.get(fold_code(row.evidence))
        owner = code.partner_id if code else None
        if code is not None and kind is Kind.PARTNER_CODE:
            flaw = flaw or _lapsed(code, row.since, card.shop_id)
    buyer = Buyer(row.member_id, card.email, card.phone, card.registered_at)
    claim = Claim(kind, row.evidence, owner, touch_at=touch_at or row.since, flaw=flaw)
    return Enrolment(claim, row.since, row.how, buyer, row.id)


def _lapsed(code: _Code, at: datetime, shop_id: int | None) -> Reason | None:
    said = code.at(at)
    lapse = said.lapse(at, shop_id) if said else None
    return Reason(lapse.value) if lapse else None


def _claims(
    customer: Customer,
    order_id: int,
    spoken: Spoken,
    read: _Read,
    late: Collection[tuple[int, int]],
) -> Iterator[Claim]:
    at = customer.orders[order_id].snapshot.created_at
    for kind, word, position in spoken:
        code = read.code(kind, word)
        if code is None:
            if kind is not Kind.COUPON:
                yield Claim(kind, word, None, position=position)
            continue
        flaw = None
        if kind in _CONDITIONED:
            flaw = _lapsed(code, at, customer.shop_id)
            if flaw is None and (code.id, order_id) in late:
                flaw = Reason.CODE_USED_UP
        yield Claim(kind, word, code.partner_id, None, position, flaw, code.given)


def _named(said: PartnerData | None) -> str | None:
    """Return the code that staff named: a promo code, else a refcode."""
    word = (said.promo_code or said.refcode or "").strip() if said else ""
    return word or None


def _spoken(
    folded: Folded, staff: PartnerData | None, names: Sequence[str]
) -> Iterator[tuple[Kind, str, int]]:
    said = folded.snapshot
    if (word := _named(staff)) is not None:
        yield Kind.STAFF, word, 0
    if said.partner_code:
        yield Kind.PARTNER_CODE, said.partner_code, 0
    seen = set()
    for position, coupon in enumerate(said.coupons):
        if fold_code(coupon) not in seen:
            seen.add(fold_code(coupon))
            yield Kind.COUPON, coupon, position
    for evidence in folded.evidence:
        if evidence.kind == "ref":
            yield Kind.REF, evidence.value, 0
        if evidence.kind == "click" and evidence.value.startswith(UNANSWERED):
            # What the landing script holds where its beacon was blocked: the code alone.
            yield Kind.REF, _storable(unquote(evidence.value.removeprefix(UNANSWERED))), 0
        if evidence.kind == "entry" and (code := _in_address(evidence.value, names)):
            yield Kind.ENTRY, code, 0


def _in_address(address: str, names: Sequence[str]) -> str | None:
    try:
        query = parse_qsl(urlsplit(address).query, max_num_fields=100)
    except ValueError:
        return None
    wanted = [value for name, value in query if name in names and value]
    return _storable(wanted[0]) if wanted else None


def _storable(text: str) -> str:
    return text.replace("\x00", "")  # decoded here, after the door had looked


def _clicks(folded: Folded, seen: Mapping[str, SeenClick]) -> Iterable[Claim]:
    for evidence in folded.evidence:
        if evidence.kind == "click" and not evidence.value.startswith(UNANSWERED):
            click = seen.get(evidence.value)
            yield Claim(
                Kind.SITE if click and click.by_site else Kind.CLICK,
                evidence.value,
                click.partner_id if click else None,
                touch_at=click.at if click else None,
                flaw=click.flaw if click else None,
            )
