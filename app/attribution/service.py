"""Turn what messages carry into claims, and keep what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.attribution.models import Binding, Claim
from app.attribution.queries import SeenClick, read_clicks
from app.attribution.rules import Binding as BindingRule
from app.attribution.rules import Claim as ClaimRule
from app.attribution.rules import Kind
from app.extensions import db
from app.links.queries import parameters
from app.partners.models import Code
from app.partners.queries import partner_of_code
from app.partners.rules import fold_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.attribution.rules import Verdict
    from app.orders.rules import Folded

UNANSWERED = "ref:"

def claims_of(orders: Mapping[int, Folded]) -> dict[int, tuple[ClaimRule, ...]]:
    """Return every claim on each order: staff's word, codes, clicks, refs and entry addresses.

    Codes and staff's word are those of the newest message; clicks, refs and entries count from all
    messages. Coupons that are nobody's code are no claims.
    """
    names = parameters()
    spoken = {order_id: list(_spoken(folded, names)) for order_id, folded in orders.items()}
    owners = partner_of_code(word for found in spoken.values() for _, word, _ in found)
    clicks = read_clicks(e.value for f in orders.values() for e in f.evidence if e.kind == "click")
    result = {}
    for order_id, folded in orders.items():
        claims = [
            ClaimRule(kind, word, owners.get(fold_code(word)), position=position)
            for kind, word, position in spoken[order_id]
            if kind is not Kind.COUPON or fold_code(word) in owners
        ]
        result[order_id] = (*claims, *_clicks(folded, clicks))
    return result


def displays_of(words: Iterable[str]) -> dict[str, str]:
    """Return {word: code as shown} for those words that are promo codes."""
    keys = {word: fold_code(word) for word in words}
    if not keys:
        return {}
    rows = db.session.execute(
        select(Code.key, Code.display).where(Code.key.in_(keys.values()), Code.kind == "promo")
    )
    shown = {row.key: row.display for row in rows}
    return {word: shown[key] for word, key in keys.items() if key in shown}


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


def _clicks(folded: Folded, seen: Mapping[str, SeenClick]) -> Iterable[ClaimRule]:
    for evidence in folded.evidence:
        if evidence.kind == "click" and not evidence.value.startswith(UNANSWERED):
            click = seen.get(evidence.value)
            yield ClaimRule(
                Kind.CLICK,
                evidence.value,
                click.partner_id if click else None,
                touch_at=click.at if click else None,
                flaw=click.flaw if click else None,
            )


def explicit_bindings(member_id: int) -> tuple[BindingRule, ...]:
    """Return how a registration or subscription bound the member, if one did."""
    rows = db.session.scalars(
        select(Binding).where(Binding.member_id == member_id, Binding.order_id.is_(None))
    )
    return tuple(BindingRule(row.partner_id, row.since, row.how) for row in rows)


def keep_verdict(verdict: Verdict) -> None:
    """Store every claim on an order with its outcome: the journal that disputes read."""
    wanted = {
        (o.claim.kind.value, o.claim.evidence): (
            o.claim.partner_id,
            o.claim.touch_at,
            o.claim.position,
            o.won,
            o.reason.value,
        )
        for o in verdict.outcomes
    }
    standing = _standing(verdict.order_id)
    if wanted == standing:
        return
    if standing:
        db.session.execute(delete(Claim).where(Claim.order_id == verdict.order_id))
    if wanted:
        db.session.execute(
            insert(Claim),
            [
                {
                    "order_id": verdict.order_id,
                    "kind": kind,
                    "evidence": evidence,
                    "partner_id": partner_id,
                    "touch_at": touch_at,
                    "position": position,
                    "won": won,
                    "why": why,
                }
                for (kind, evidence), (partner_id, touch_at, position, won, why) in wanted.items()
            ],
        )


def _standing(order_id: int) -> dict[tuple[str, str], tuple[object, ...]]:
    rows = db.session.scalars(select(Claim).where(Claim.order_id == order_id))
    return {
        (c.kind, c.evidence): (c.partner_id, c.touch_at, c.position, c.won, c.why) for c in rows
    }


def keep_binding(member_id: int, binding: BindingRule | None) -> None:
    """Let the customer's binding be what the verdicts on all his orders made it."""
    if binding is None or binding.order_id is None:
        db.session.execute(
            delete(Binding).where(Binding.member_id == member_id, Binding.order_id.is_not(None))
        )
        return
    statement = insert(Binding).values(
        member_id=member_id,
        partner_id=binding.partner_id,
        since=binding.since,
        order_id=binding.order_id,
        how=binding.how,
    )
    same = {
        name: getattr(statement.excluded, name) for name in ("partner_id", "since", "order_id", "how")
    }
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "member_id"],
            index_where=Binding.order_id.is_not(None),
            set_=same,
        )
    )
