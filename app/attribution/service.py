"""Turn what messages carry into claims, and keep what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from app import sql
from app.attribution.queries import read_clicks
from app.attribution.rules import Binding, Claim, Kind
from app.links.queries import parameters
from app.partners.rules import fold_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from app.attribution.queries import SeenClick
    from app.attribution.rules import Verdict
    from app.orders.rules import Folded

Row = tuple[int | None, "datetime | None", int, bool, str]  # partner, touch, position, won, why

UNANSWERED = "ref:"


@dataclass(frozen=True)
class Journal:
    """What speaks for partners on a customer's orders, and what was kept of it so far."""

    claims: Mapping[int, tuple[Claim, ...]]
    bindings: tuple[Binding, ...]  # by registration or subscription
    displays: Mapping[str, str]  # promo codes as they are shown, by what was written
    registered_at: datetime | None = None
    kept: Mapping[int, Mapping[tuple[str, str], Row]] = field(default_factory=dict)
    bound: Binding | None = None  # as the customer's orders made it so far


_CODES = "SELECT key, partner_id, display, kind FROM code WHERE key = ANY(%(keys)s)"
_BINDINGS = """
SELECT partner_id, since, how, order_id FROM binding WHERE member_id = %(member)s
"""
_REGISTERED = "SELECT registered_at FROM member WHERE id = %(member)s"
_KEPT = """
SELECT order_id, kind, evidence, partner_id, touch_at, position, won, why
FROM claim WHERE order_id = ANY(%(orders)s)
"""
_FORGET = "DELETE FROM claim WHERE order_id = ANY(%(orders)s)"
_KEEP = """
INSERT INTO claim (order_id, kind, evidence, partner_id, touch_at, position, won, why)
SELECT * FROM unnest(%(orders)s::bigint[], %(kinds)s::text[], %(evidences)s::text[],
                     %(partners)s::bigint[], %(touches)s::timestamptz[], %(positions)s::bigint[],
                     %(wons)s::bool[], %(whys)s::text[])
"""
_BIND = """
INSERT INTO binding (member_id, partner_id, since, order_id, how)
VALUES (%(member)s, %(partner)s, %(since)s, %(order)s, %(how)s)
ON CONFLICT (tenant_id, member_id) WHERE order_id IS NOT NULL
DO UPDATE SET partner_id = excluded.partner_id, since = excluded.since,
              order_id = excluded.order_id, how = excluded.how
"""
_UNBIND = "DELETE FROM binding WHERE member_id = %(member)s AND order_id IS NOT NULL"


def read_journal(orders: Mapping[int, Folded], member_id: int | None, *, fresh: bool) -> Journal:
    """Read every claim on a customer's orders: staff's word, codes, clicks, refs, entry addresses.

    Codes and staff's word are those of the newest message; clicks, refs and entries count from all
    messages. Coupons that are nobody's code are no claims. `fresh`: nothing can be kept yet.
    """
    named = any(e.kind == "entry" for folded in orders.values() for e in folded.evidence)
    names = parameters() if named else ()
    spoken = {order_id: list(_spoken(folded, names)) for order_id, folded in orders.items()}
    keys = sorted({fold_code(word) for found in spoken.values() for _, word, _ in found})
    codes, bindings, registered, kept = _read(keys, member_id, [] if fresh else list(orders))
    clicks = read_clicks(e.value for f in orders.values() for e in f.evidence if e.kind == "click")
    owners = {row.key: row.partner_id for row in codes}
    promo = {row.key: row.display for row in codes if row.kind == "promo"}
    words = {word for found in spoken.values() for _, word, _ in found}
    derived = [b for b in bindings if b.order_id is not None]
    return Journal(
        claims={
            order_id: (*_claims(spoken[order_id], owners), *_clicks(folded, clicks))
            for order_id, folded in orders.items()
        },
        bindings=tuple(b for b in bindings if b.order_id is None),
        displays={word: promo[fold_code(word)] for word in words if fold_code(word) in promo},
        registered_at=registered,
        kept=kept,
        bound=derived[0] if derived else None,
    )


def _read(keys: list[str], member_id: int | None, orders: list[int]) -> Any:
    """Ask for codes, bindings, registration and kept claims in one round trip."""
    with sql.together():
        codes = sql.send(_CODES, {"keys": keys}) if keys else None
        bound = sql.send(_BINDINGS, {"member": member_id}) if member_id is not None else None
        since = sql.send(_REGISTERED, {"member": member_id}) if member_id is not None else None
        claims = sql.send(_KEPT, {"orders": orders}) if orders else None
    kept: dict[int, dict[tuple[str, str], Row]] = {order: {} for order in orders}
    for r in claims.fetchall() if claims else ():
        kept[r.order_id][r.kind, r.evidence] = (r.partner_id, r.touch_at, r.position, r.won, r.why)
    bindings = (
        [Binding(r.partner_id, r.since, r.how, r.order_id) for r in bound.fetchall()]
        if bound
        else []
    )
    member = since.fetchone() if since else None
    return (
        codes.fetchall() if codes else [],
        bindings,
        member.registered_at if member else None,
        kept,
    )


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
                Kind.CLICK,
                evidence.value,
                click.partner_id if click else None,
                touch_at=click.at if click else None,
                flaw=click.flaw if click else None,
            )


def keep_verdicts(verdicts: Iterable[Verdict], journal: Journal) -> None:
    """Store every claim with its outcome, where it changed: the journal that disputes read."""
    wanted = {verdict.order_id: _outcomes(verdict) for verdict in verdicts}
    changed = {o: rows for o, rows in wanted.items() if rows != journal.kept.get(o, {})}
    stale = [order for order in changed if journal.kept.get(order)]
    if stale:
        sql.send(_FORGET, {"orders": stale})
    rows = [(order, *key, *row) for order, found in changed.items() for key, row in found.items()]
    if rows:
        names = ("orders", "kinds", "evidences", "partners", "touches", "positions", "wons", "whys")
        sql.send(_KEEP, dict(zip(names, (list(c) for c in zip(*rows, strict=True)), strict=True)))


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


def keep_binding(member_id: int, binding: Binding | None, journal: Journal | None = None) -> None:
    """Let the customer's binding be what the verdicts on all his orders made it."""
    if binding is None or binding.order_id is None:
        if journal is None or journal.bound is not None:
            sql.send(_UNBIND, {"member": member_id})
    elif journal is None or journal.bound != binding:
        sql.send(
            _BIND,
            {
                "member": member_id,
                "partner": binding.partner_id,
                "since": binding.since,
                "order": binding.order_id,
                "how": binding.how,
            },
        )
