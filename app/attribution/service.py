"""Turn what messages carry into claims, and keep what became of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from app import sql
from app.attribution.queries import read_clicks
from app.attribution.rules import Binding, Buyer, Claim, Enrolment, Kind, Reason
from app.links.queries import parameters
from app.partners.rules import fold_code

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from app.attribution.queries import SeenClick
    from app.attribution.rules import Verdict
    from app.orders.rules import Folded

EnrolmentRow = tuple[int | None, "datetime | None", bool, str]  # partner, touch, won, why
Row = tuple[int | None, "datetime | None", int, bool, str]  # partner, touch, position, won, why

UNANSWERED = "ref:"
OFFICE = "office"  # what staff said here, beside what the shop's message says of theirs


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


@dataclass(frozen=True)
class Customer:
    """Whose journal is read: a member, or nobody who can be told apart; and his orders by id."""

    member_id: int | None
    orders: Mapping[int, Folded]


_CODES = "SELECT key, partner_id, display, kind FROM code WHERE key = ANY(%(keys)s)"
_BINDINGS = """
SELECT member_id, partner_id, since, how, order_id FROM binding WHERE member_id = ANY(%(members)s)
"""
_CARDS = "SELECT id, email, phone, registered_at FROM member WHERE id = ANY(%(members)s)"
_ENROLMENTS = """
SELECT id, member_id, kind, evidence, since, how, partner_id, touch_at, won, why FROM enrolment
WHERE member_id = ANY(%(members)s)
"""
_KEPT = """
SELECT order_id, kind, evidence, partner_id, touch_at, position, won, why
FROM claim WHERE order_id = ANY(%(orders)s)
"""
_STAFF = """
SELECT DISTINCT ON (order_id) order_id, partner_id FROM staff_claim
WHERE order_id = ANY(%(orders)s) ORDER BY order_id, id DESC
"""
_FORGET = "DELETE FROM claim WHERE order_id = ANY(%(orders)s)"
_KEEP = """
INSERT INTO claim (order_id, kind, evidence, partner_id, touch_at, position, won, why)
SELECT "order", kind, evidence, partner, touch, position, won, why
FROM json_to_recordset(%(rows)s)
     AS r("order" bigint, kind text, evidence text, partner bigint, touch timestamptz,
          position bigint, won bool, why text)
"""
_BIND = """
INSERT INTO binding (member_id, partner_id, since, order_id, how)
SELECT member, partner, since, "order", how
FROM json_to_recordset(%(rows)s)
     AS r(member bigint, partner bigint, since timestamptz, "order" bigint, how text)
ON CONFLICT (tenant_id, member_id)
DO UPDATE SET partner_id = excluded.partner_id, since = excluded.since,
              order_id = excluded.order_id, how = excluded.how
"""
_UNBIND = "DELETE FROM binding WHERE member_id = ANY(%(members)s)"
_ENROL = """
INSERT INTO enrolment AS e (member_id, told_id, kind, evidence, since, how)
VALUES (%(member)s, %(told)s, %(kind)s, %(evidence)s, %(since)s, %(how)s)
ON CONFLICT (tenant_id, told_id, kind, evidence) DO UPDATE SET since = excluded.since
WHERE e.since > excluded.since
RETURNING id
"""
_JUDGED = """
UPDATE enrolment e SET partner_id = r.partner, touch_at = r.touch, won = r.won, why = r.why
FROM json_to_recordset(%(rows)s)
     AS r(id bigint, partner bigint, touch timestamptz, won bool, why text)
WHERE e.id = r.id
"""
_TAKE_OVER = """
UPDATE enrolment e SET member_id = u.owner
FROM unnest(%(guests)s::bigint[], %(owners)s::bigint[]) AS u(guest, owner)
WHERE e.told_id = u.guest
"""
_MEMBERS_OF_GUESTS = """
SELECT DISTINCT told_id, member_id FROM enrolment WHERE told_id = ANY(%(guests)s)
"""


def read_journals(customers: Sequence[Customer], fresh: Collection[int]) -> list[Journal]:
    """Read every claim on customers' orders: staff's word, codes, clicks, refs, entry addresses.

    Codes and staff's word are those of the newest message; clicks, refs and entries count from all
    messages. Coupons that are nobody's code are no claims. Of the orders in `fresh` nothing can be
    kept yet. Journals stand in the order asked.
    """
    orders = {order_id: folded for c in customers for order_id, folded in c.orders.items()}
    named = any(e.kind == "entry" for folded in orders.values() for e in folded.evidence)
    names = parameters() if named else ()
    spoken = {order_id: list(_spoken(folded, names)) for order_id, folded in orders.items()}
    keys = {fold_code(word) for found in spoken.values() for _, word, _ in found}
    tokens = {e.value for f in orders.values() for e in f.evidence if e.kind == "click"}
    members = {c.member_id for c in customers if c.member_id is not None}
    read = _read(keys, members, orders.keys() - set(fresh), tokens)
    return [_journal(customer, spoken, read) for customer in customers]


@dataclass(frozen=True)
class _Read:
    """What the database says about the words of many orders."""

    owners: Mapping[str, int]  # by folded code
    promo: Mapping[str, str]
    bindings: Mapping[int, Binding]  # by member
    cards: Mapping[int, Any]  # by member: email, phone, registered_at
    enrolled: Sequence[Any]
    kept: Mapping[int, Mapping[tuple[str, str], Row]]  # by order
    clicks: Mapping[str, SeenClick]
    staff: Mapping[int, int]  # whose staff say that an order is


def _read(
    keys: Collection[str],
    members: Collection[int],
    orders: Collection[int],
    tokens: Collection[str],
) -> _Read:
    """Ask for codes, bindings, registrations and kept claims in one round trip, then for clicks."""
    with sql.together():
        codes = sql.send(_CODES, {"keys": sorted(keys)}) if keys else None
        whose = {"members": sorted(members)}
        bound = sql.send(_BINDINGS, whose) if members else None
        cards = sql.send(_CARDS, whose) if members else None
        told = sql.send(_ENROLMENTS, whose) if members else None
        claims = sql.send(_KEPT, {"orders": sorted(orders)}) if orders else None
        staff = sql.send(_STAFF, {"orders": sorted(orders)}) if orders else None
    found = codes.fetchall() if codes else []
    enrolled = told.fetchall() if told else []
    found += _codes_of(enrolled, keys)
    tokens = {*tokens, *(r.evidence for r in enrolled if r.kind == "click")}
    bindings = bound.fetchall() if bound else ()
    kept: dict[int, dict[tuple[str, str], Row]] = {order: {} for order in orders}
    for r in claims.fetchall() if claims else ():
        kept[r.order_id][r.kind, r.evidence] = (r.partner_id, r.touch_at, r.position, r.won, r.why)
    return _Read(
        owners={row.key: row.partner_id for row in found},
        promo={row.key: row.display for row in found if row.kind == "promo"},
        bindings={r.member_id: Binding(r.partner_id, r.since, r.how, r.order_id) for r in bindings},
        cards={row.id: row for row in cards.fetchall()} if cards else {},
        enrolled=enrolled,
        kept=kept,
        clicks=read_clicks(tokens) if tokens else {},
        staff={r.order_id: r.partner_id for r in staff.fetchall() if r.partner_id} if staff else {},
    )


def _codes_of(enrolled: Sequence[Any], known: Collection[str]) -> list[Any]:
    """Ask for the codes that registrations and subscriptions named, but for those that are known."""
    keys = {fold_code(row.evidence) for row in enrolled if row.kind != "click"} - set(known)
    return sql.rows(_CODES, {"keys": sorted(keys)}) if keys else []


def _journal(
    customer: Customer, spoken: Mapping[int, list[tuple[Kind, str, int]]], read: _Read
) -> Journal:
    member_id = customer.member_id or 0
    card, own = read.cards.get(member_id), [r for r in read.enrolled if r.member_id == member_id]
    words = {word for order_id in customer.orders for _, word, _ in spoken[order_id]}
    return Journal(
        claims={
            order_id: (
                *_by_staff(read.staff.get(order_id)),
                *_claims(spoken[order_id], read.owners),
                *_clicks(folded, read.clicks),
            )
            for order_id, folded in customer.orders.items()
        },
        enrolments=tuple(_enrolment(row, card, read) for row in own),
        displays={w: read.promo[fold_code(w)] for w in words if fold_code(w) in read.promo},
        registered_at=card.registered_at if card else None,
        outcomes={row.id: (row.partner_id, row.touch_at, row.won, row.why) for row in own},
        kept={o: read.kept[o] for o in customer.orders if o in read.kept},
        bound=read.bindings.get(member_id),
    )


def _enrolment(row: Any, card: Any, read: _Read) -> Enrolment:
    kind, owner, touch_at, flaw = (
        Kind(row.kind),
        read.owners.get(fold_code(row.evidence)),
        None,
        None,
    )
    if kind is Kind.CLICK:
        click = read.clicks.get(row.evidence)
        owner, touch_at = (click.partner_id, click.at) if click else (None, None)
        flaw = click.flaw if click else None
    buyer = Buyer(row.member_id, card.email, card.phone, card.registered_at)
    claim = Claim(kind, row.evidence, owner, touch_at=touch_at or row.since, flaw=flaw)
    return Enrolment(claim, row.since, row.how, buyer, row.id)


def _by_staff(partner_id: int | None) -> Iterable[Claim]:
    """What staff said here stands above what the shop's message says of theirs."""
    if partner_id is not None:
        yield Claim(Kind.STAFF, OFFICE, partner_id, position=-1)


def _claims(spoken: Iterable[tuple[Kind, str, int]], owners: Mapping[str, int]) -> Iterable[Claim]:
    for kind, word, position in spoken:
        owner = owners.get(fold_code(word))
        if kind is not Kind.COUPON or owner is not None:
            yield Claim(kind, word, owner, position=position)


def _spoken(folded: Folded, names: Sequence[str]) -> Iterable[tuple[Kind, str, int]]:
    said = folded.snapshot
    staff = said.partner_data
    word = (staff.promo_code or staff.refcode) if staff else None
    if word:
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


def keep_verdicts(found: Iterable[tuple[Journal, Iterable[Verdict]]]) -> None:
    """Store every claim with its outcome, where it changed: the journal that disputes read."""
    stale, rows = [], []
    for journal, verdicts in found:
        for verdict in verdicts:
            wanted, kept = _outcomes(verdict), journal.kept.get(verdict.order_id, {})
            if wanted == kept:
                continue
            if kept:
                stale.append(verdict.order_id)
            rows += [_written(verdict.order_id, *key, *row) for key, row in wanted.items()]
    if stale:
        sql.send(_FORGET, {"orders": stale})
    if rows:
        sql.send(_KEEP, {"rows": sql.recordset(rows)})


def _written(order: int, kind: str, evidence: str, *row: Any) -> dict[str, Any]:
    names = ("partner", "touch", "position", "won", "why")
    return {
        "order": order,
        "kind": kind,
        "evidence": evidence,
        **dict(zip(names, row, strict=True)),
    }


def _outcomes(verdict: Verdict) -> dict[tuple[str, str], Row]:
    return {
        (o.claim.kind.value, o.claim.evidence): (
            o.claim.partner_id,
            o.claim.touch_at,
            o.claim.position,
            o.won,
            o.reason.value,
        )
        for o in verdict.outcomes
    }


def keep_bindings(found: Iterable[tuple[int, Binding | None, Journal]]) -> None:
    """Let customers' bindings be what the verdicts on all their orders and enrolments made them, by member."""
    ended, rows = [], []
    for member_id, binding, journal in found:
        if binding is None:
            if journal.bound is not None:
                ended.append(member_id)
        elif journal.bound != binding:
            rows.append(
                {
                    "member": member_id,
                    "partner": binding.partner_id,
                    "since": binding.since,
                    "order": binding.order_id,
                    "how": binding.how,
                }
            )
    if ended:
        sql.send(_UNBIND, {"members": ended})
    if rows:
        sql.send(_BIND, {"rows": sql.recordset(rows)})


def enrol(
    member_id: int, told_id: int, kind: Kind, evidence: str, *, since: datetime, how: str
) -> bool:
    """Keep what spoke for a partner when a contact registered or subscribed; the caller reconciles.

    `told_id`: as whom it was told, a guest or the customer himself. False when it was known.
    """
    values = {
        "member": member_id,
        "told": told_id,
        "kind": kind.value,
        "evidence": evidence,
        "since": since,
        "how": how,
    }
    return sql.one(_ENROL, values) is not None


def keep_enrolments(found: Iterable[tuple[Journal, Iterable[tuple[Enrolment, Reason]]]]) -> None:
    """Store what became of what came with registrations and subscriptions, where it changed."""
    rows = []
    for journal, judged in found:
        for one, reason in judged:
            claim = one.claim
            outcome = (claim.partner_id, claim.touch_at, reason is Reason.WON, reason.value)
            if journal.outcomes.get(one.id) != outcome:
                names = ("partner", "touch", "won", "why")
                rows.append({"id": one.id, **dict(zip(names, outcome, strict=True))})
    if rows:
        sql.send(_JUDGED, {"rows": sql.recordset(rows)})


def take_over(owners: Mapping[int, int]) -> None:
    """Let what guests told belong to the owners of their e-mails: {guest: owner}."""
    if owners:
        sql.send(_TAKE_OVER, {"guests": list(owners), "owners": list(owners.values())})


def members_of_guests(guest_ids: Collection[int]) -> dict[int, set[int]]:
    """Return whose guests' enrolments are now, by guest."""
    found: dict[int, set[int]] = defaultdict(set)
    for row in sql.rows(_MEMBERS_OF_GUESTS, {"guests": sorted(guest_ids)}) if guest_ids else ():
        found[row.told_id].add(row.member_id)
    return found
