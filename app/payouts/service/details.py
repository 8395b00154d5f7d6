"""Payment details of partners: sealed at rest, copied into each payout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app import clock
from app.crypto import open_sealed, seal
from app.events import service as events
from app.extensions import db
from app.fraud import service as fraud
from app.partners.models import Partner
from app.payouts import rules
from app.payouts.models import PayoutMethod
from app.requisites.rules import Kept
from app.requisites.service import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.payouts.models import Payout
    from app.requisites.rules import Details


def kept(partner: Partner) -> Kept:
    """Return all that the partner gave last."""
    return _read(partner.details)


def of(partner: Partner) -> dict[str, Details]:
    """Return the partner's details by method code."""
    return kept(partner).items()


def set_details(partner: Partner, method: str, given: Details) -> bool:
    """Keep the details for a method; False: they already were. The door has asked for the password anew.

    The first details of a partner can be used at once, any change after 24 hours; the event tells the
    partner's contact. Raises DomainError (422) that names each field that is wrong.
    """
    refuse(given.problems())
    known = kept(partner)
    if known.get(method) == given:
        return False
    now = clock.now()
    partner.details_usable_at = rules.usable_at(now, first=not known.ways)
    partner.details_changed_at = now
    _keep(partner, known.having(method, given))
    db.session.flush()
    fraud.mark_details(partner.id, [given.way.number])
    events.record(
        "partner.details_changed",
        f"partner:{partner.id}",
        partner_id=partner.id,
        method=method,
        usable_at=partner.details_usable_at.isoformat(),
    )
    return True


def fits(partner: Partner, method: PayoutMethod) -> bool:
    """Say whether there are details for the method, of its kind."""
    way = kept(partner).ways.get(method.code)
    return way is not None and way.kind == method.kind


def remember_details() -> None:
    """Let all details that partners have given be comparable; those given later are at once."""
    query = select(Partner).where(Partner.details.is_not(None)).order_by(Partner.id)
    for partner in db.session.scalars(query.execution_options(yield_per=500)):
        fraud.mark_details(partner.id, [each.number for each in kept(partner).ways.values()])


def copy_for(partner: Partner, method: str) -> bytes | None:
    """Return the sealed copy that a request for this method carries, or None without details."""
    found = kept(partner).only(method)
    return seal(found.to_json()) if found.ways else None


def copied(payout: Payout) -> Details | None:
    """Return the details as they were when the payout was made."""
    return copied_all([payout]).get(payout.id)


def copied_all(payouts: Iterable[Payout]) -> dict[int, Details]:
    """Return the details that payouts carry, by the payout's id; those without are left out.

    A copy may be all that the partner had, as a run over many partners copies it in one statement:
    the payout's method says which of them is meant.
    """
    query = select(PayoutMethod.id, PayoutMethod.code)
    codes = {number: code for number, code in db.session.execute(query)}  # noqa: C416 - rows are no pairs
    found = (
        (payout.id, _read(payout.details).get(codes[payout.method_id]))
        for payout in payouts
        if payout.details is not None
    )
    return {number: details for number, details in found if details is not None}


def _read(sealed: bytes | None) -> Kept:
    return Kept.from_json(open_sealed(sealed)) if sealed else Kept()


def _keep(partner: Partner, known: Kept) -> None:
    partner.details = seal(known.to_json())
    partner.details_for = sorted(known.ways)
    partner.tax_status = known.payee.status.value if known.payee else None
