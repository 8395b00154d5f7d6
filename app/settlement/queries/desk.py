"""What the operator's desk reads over all merchants, under the list role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Select, and_, func, not_, or_, select

from app.extensions import db
from app.ledger.models import Balance
from app.ledger.rules import MERCHANT_BALANCE
from app.partners.models import Partner
from app.payouts.models import Payout, PayoutMethod
from app.settlement.models import Funding
from app.tenancy import role
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


# What is kept back though it is funded: details in doubt, or a partner who was blocked since.
_KEPT = or_(
    Partner.details_frozen_at.is_not(None),
    and_(Partner.status == "blocked", Partner.pays_blocked.is_(False)),
)
_READY = (Payout.state == "approved", not_(_KEPT))  # to be sent now


@dataclass(frozen=True)
class Where:
    """Which merchant's a funded payout is, for whoever knows only its outside id."""

    tenant_id: int
    id: int
    state: str
    merchant: str


@dataclass(frozen=True)
class ToSend:
    """What one merchant's partners are to be sent by one method: how many, and how much in minor units."""

    merchant: str
    code: str
    method: str
    currency: str
    count: int
    net: int


def desk() -> Select[Any]:
    """Return the statement of all merchants' funded payouts, test mode left out; for the list role."""
    found = select(
        Payout,
        Funding,
        Partner.name.label("partner"),
        PayoutMethod.name.label("method"),
        Tenant.name.label("merchant"),
    )
    return _joined(cast("Select[Any]", found))


def to_send() -> list[ToSend]:
    """Return what waits to be sent, by merchant and method; read under the list role.

    What is held back (see `held`) does not.
    """
    net = Payout.amount - Payout.fee - Payout.withheld
    columns = (Tenant.name, PayoutMethod.code, PayoutMethod.name, Payout.currency)
    found = select(*columns, func.count(), func.sum(net)).where(*_READY)
    query = _joined(cast("Select[Any]", found)).group_by(Tenant.id, *columns)
    with role("partnerka_list"):
        rows = db.session.execute(query.order_by(Tenant.name, PayoutMethod.name)).all()
    return [ToSend(row[0], row[1], row[2], row[3], row[4], int(row[5])) for row in rows]


def places(public_ids: Iterable[str]) -> list[Where]:
    """Return where these funded payouts are; those of test mode and unknown ones are left out."""
    found = select(Payout.tenant_id, Payout.id, Payout.state, Tenant.name).where(
        Payout.public_id.in_(set(public_ids))
    )
    query = _joined(cast("Select[Any]", found))
    with role("partnerka_list"):
        rows = db.session.execute(query.order_by(Payout.tenant_id, Payout.partner_id)).all()
    return [Where(*row) for row in rows]


def waiting() -> list[Where]:
    """Return all funded payouts that are to be sent, merchant by merchant, oldest first; under the list role."""
    found = select(Payout.tenant_id, Payout.id, Payout.state, Tenant.name)
    query = _joined(cast("Select[Any]", found)).where(*_READY)
    with role("partnerka_list"):
        rows = db.session.execute(query.order_by(Payout.tenant_id, Payout.id)).all()
    return [Where(*row) for row in rows]


def held() -> int:
    """Return how many funded payouts wait: a change of details was disowned, or the partner is blocked."""
    query = _joined(select(func.count())).where(Payout.state == "approved", _KEPT)
    with role("partnerka_list"):
        return int(db.session.scalar(query) or 0)


def _joined(statement: Select[Any]) -> Select[Any]:
    mine = Payout.tenant_id
    return (
        statement.select_from(Payout)
        .join(Funding, and_(Funding.tenant_id == mine, Funding.payout_id == Payout.id))
        .join(Partner, and_(Partner.tenant_id == mine, Partner.id == Payout.partner_id))
        .join(
            PayoutMethod, and_(PayoutMethod.tenant_id == mine, PayoutMethod.id == Payout.method_id)
        )
        .join(Tenant, Tenant.id == mine)
        .where(Tenant.twin_of.is_(None))
    )


def prepaid_merchants() -> Sequence[int]:
    """Return every tenant that has a prepaid balance, be it empty; read under the list role."""
    query = select(Balance.tenant_id).where(Balance.account == MERCHANT_BALANCE)
    with role("partnerka_list"):
        return db.session.scalars(query.order_by(Balance.tenant_id)).all()
