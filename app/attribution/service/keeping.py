"""Keep what became of claims, registrations and customers' bindings."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from app import sql
from app.attribution.rules import Kind, Reason
from app.codes import queries as codes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from app.attribution.rules import Binding, Enrolment, Verdict
    from app.attribution.service.reading import Journal, Row

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
INSERT INTO enrolment AS e (member_id, told_id, kind, evidence, since, how, refused)
VALUES (%(member)s, %(told)s, %(kind)s, %(evidence)s, %(since)s, %(how)s, %(refused)s)
ON CONFLICT (tenant_id, told_id, kind, evidence, how) DO UPDATE SET since = excluded.since
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

    `told_id`: as whom it was told, a guest or the customer himself. A code that was used up by then
    is kept with that reason for good: orders that are cancelled later make room for orders, not for
    what was told before. False when it was known.
    """
    late = kind is Kind.PARTNER_CODE and codes.is_used_up(evidence)
    values = {
        "member": member_id,
        "told": told_id,
        "kind": kind.value,
        "evidence": evidence,
        "since": since,
        "how": how,
        "refused": Reason.CODE_USED_UP.value if late else None,
    }
    return sql.one(_ENROL, values) is not None


_FORGET_BROUGHT = "DELETE FROM enrolment WHERE told_id = ANY(%(members)s) AND how = 'imported'"
_BRING = """
INSERT INTO enrolment (member_id, told_id, kind, evidence, since, how)
SELECT member, member, 'ref', code, since, 'imported'
FROM json_to_recordset(%(rows)s) AS r(member bigint, code text, since timestamptz)
ON CONFLICT (tenant_id, told_id, kind, evidence, how) DO UPDATE SET since = excluded.since
"""


def bring(bound: Sequence[tuple[int, str, datetime]], *, anew: Collection[int] = ()) -> None:
    """Keep whose customers were in the former system: (member, refcode, since); the caller reconciles.

    `anew`: of these members what was brought before holds no more.
    """
    if anew:
        sql.send(_FORGET_BROUGHT, {"members": sorted(anew)})
    rows = [{"member": m, "code": code, "since": since} for m, code, since in bound]
    if rows:
        sql.send(_BRING, {"rows": sql.recordset(rows)})


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
