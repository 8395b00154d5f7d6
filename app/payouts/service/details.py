"""Payment details of partners: sealed at rest, copied into each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app import clock
from app.crypto import open_sealed, seal
from app.errors import DomainError, FieldError
from app.events import service as events
from app.extensions import db
from app.fraud import service as fraud
from app.partners.models import Partner
from app.payouts import rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.payouts.models import Payout
    from app.payouts.rules import Details


def of(partner: Partner) -> dict[str, Details]:
    """Return the partner's details by method code."""
    return rules.read_details(open_sealed(partner.details) if partner.details else None)


def set_details(partner: Partner, method: str, given: Details) -> bool:
    """Keep the details for a method; False: they already were. The door has asked for the password anew.

    The first details of a partner can be used at once, any change after 24 hours; the event tells the
    partner's contact. Raises DomainError (422) without a holder or an account.
    """
    for field in ("holder", "account"):
        if not getattr(given, field).strip():
            raise DomainError("details_missing", "Required.", FieldError(field, "Required."))
    known = of(partner)
    if known.get(method) == given:
        return False
    now = clock.now()
    partner.details_usable_at = rules.usable_at(now, first=not known)
    partner.details_changed_at = now
    partner.details = seal(rules.write_details({**known, method: given}))
    db.session.flush()
    fraud.mark_details(partner.id, [given.account])
    events.record(
        "partner.details_changed",
        f"partner:{partner.id}",
        partner_id=partner.id,
        method=method,
        usable_at=partner.details_usable_at.isoformat(),
    )
    return True


def remember_details() -> None:
    """Let all details that partners have given be comparable; those given later are at once."""
    query = select(Partner).where(Partner.details.is_not(None)).order_by(Partner.id)
    for partner in db.session.scalars(query.execution_options(yield_per=500)):
        fraud.mark_details(partner.id, [each.account for each in of(partner).values()])


def copy_for(partner: Partner, method: str) -> bytes | None:
    """Return the sealed copy that a request for this method carries, or None without details."""
    found = of(partner).get(method)
    return seal(rules.write_details({method: found})) if found else None


def copied(payout: Payout) -> Details | None:
    """Return the details as they were when the payout was asked for."""
    if payout.details is None:
        return None
    return next(iter(rules.read_details(open_sealed(payout.details)).values()), None)


def chosen_of(sealed: bytes | None, codes: Sequence[str]) -> str | None:
    """Return the first of these methods that sealed details have something for."""
    known = rules.read_details(open_sealed(sealed)) if sealed else {}
    return next((code for code in codes if code in known), None)


def copy_first(sealed: bytes, codes: Sequence[str]) -> tuple[str, bytes] | None:
    """Return the first of these methods that sealed details have something for, with a sealed copy for it."""
    known = rules.read_details(open_sealed(sealed))
    code = next((code for code in codes if code in known), None)
    return None if code is None else (code, seal(rules.write_details({code: known[code]})))
