"""Reads for payout pages, and the settings that payouts follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import and_, func, select

from app import sql
from app.bonuses import queries as bonuses
from app.events.queries import history
from app.extensions import db
from app.facts import service as facts
from app.identity.queries import people
from app.partners.models import Partner
from app.payouts.models import Payout, PayoutMethod
from app.payouts.rules import OPEN, PLATFORM
from app.tenancy import current_tenant
from app.tenants.models import Tenant
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Select

    from app.events.models import Event


@dataclass(frozen=True)
class Step:
    """One event in a payout's life, and who did it: a person's name, or "partner", "api", "system"."""

    what: str
    at: datetime
    who: str
    name: str | None
    reason: str | None


@dataclass(frozen=True)
class Line:
    """A payout with the names that pages and answers show beside it."""

    payout: Payout
    refcode: str
    partner: str
    method_code: str
    method: str


OPEN_STATES = sorted(state.value for state in OPEN)


def currency() -> str:
    """Return the merchant's currency."""
    return db.session.scalars(select(Tenant.currency).where(Tenant.id == current_tenant())).one()


def minimum() -> int:
    """Return the smallest sum a partner may ask for, in minor units."""
    known = facts.current(["merchant"], ["minimum_payout"]).get("merchant", {})
    return int(known.get("minimum_payout") or 0)


def second_above() -> int | None:
    """Return the limit of one person's approvals, minor units; None: one is always enough.

    It is set with the plan of pay runs, which is of a higher slice: named in SQL only.
    """
    found = sql.rows("SELECT second_above FROM pay_plan WHERE second_above IS NOT NULL", {})
    return int(found[0].second_above) if found else None


def by_platform() -> bool:
    """Tell whether the platform pays partners from a prepaid balance, by itself."""
    known = facts.current(["merchant"], ["settlement"]).get("merchant", {})
    return known.get("settlement") == PLATFORM


def spends_only() -> bool:
    """Tell whether partners spend what they earn in the shop, and are paid nothing out."""
    return bool(setting("loyalty")) and bonuses.program().partner_mode == "spend"


def open_by_ids(ids: Iterable[int]) -> list[Payout]:
    """Return those of these payouts that are approved and not sent yet."""
    query = select(Payout).where(Payout.id.in_(set(ids)), Payout.state == "approved")
    return list(db.session.scalars(query.order_by(Payout.id)))


def has_open(partner_id: int) -> bool:
    """Say whether the partner has a payout that is not over."""
    return open_state(partner_id) is not None


def with_open(partner_ids: Collection[int]) -> set[int]:
    """Return which of the partners have a payout that is not over."""
    query = select(Payout.partner_id).where(
        Payout.partner_id.in_(partner_ids), Payout.state.in_(OPEN_STATES)
    )
    return set(db.session.scalars(query))


def open_state(partner_id: int) -> str | None:
    """Return where the partner's payout stands that is not over; None: there is none."""
    query = select(Payout.state).where(
        Payout.partner_id == partner_id, Payout.state.in_(OPEN_STATES)
    )
    return db.session.scalar(query.limit(1))


def methods() -> list[PayoutMethod]:
    """Return the methods in use, in the merchant's order."""
    query = select(PayoutMethod).where(PayoutMethod.retired_at.is_(None))
    return list(db.session.scalars(query.order_by(PayoutMethod.position, PayoutMethod.id)))


def find(public_id: str) -> Payout | None:
    """Return the payout with this outside id."""
    return db.session.scalar(select(Payout).where(Payout.public_id == public_id))


def lines() -> Select[Any]:
    """Return the statement of payouts with partner and method: attributes as of Line."""
    found = (
        select(
            Payout,
            Partner.refcode.label("refcode"),
            Partner.name.label("partner"),
            PayoutMethod.code.label("method_code"),
            PayoutMethod.name.label("method"),
        )
        .join(Partner, and_(Partner.tenant_id == Payout.tenant_id, Partner.id == Payout.partner_id))
        .join(
            PayoutMethod,
            and_(PayoutMethod.tenant_id == Payout.tenant_id, PayoutMethod.id == Payout.method_id),
        )
    )
    return cast("Select[Any]", found)  # several columns; tables and pages read them by name


def line(public_id: str) -> Line | None:
    """Return one payout with its names, as it stands in the database."""
    query = lines().where(Payout.public_id == public_id)
    row = db.session.execute(query).one_or_none()
    return _line(row) if row is not None else None


def newest(
    size: int, *, before: int | None = None, state: str | None = None, partner_id: int | None = None
) -> list[Line]:
    """Return up to `size` payouts by falling id, below `before` if that is given."""
    query = lines()
    if before is not None:
        query = query.where(Payout.id < before)
    if state is not None:
        query = query.where(Payout.state == state)
    if partner_id is not None:
        query = query.where(Payout.partner_id == partner_id)
    return [_line(row) for row in db.session.execute(query.order_by(Payout.id.desc()).limit(size))]


def _line(row: Any) -> Line:
    return Line(row[0], row[1], row[2], row[3], row[4])


def open_of(partner_id: int) -> Line | None:
    """Return the partner's payout that is not over."""
    query = lines().where(Payout.partner_id == partner_id, Payout.state.in_(OPEN_STATES))
    row = db.session.execute(query).one_or_none()
    return _line(row) if row is not None else None


def counters() -> dict[str, tuple[int, int]]:
    """Return {state: (how many, sum in minor units)}."""
    query = select(Payout.state, func.count(), func.sum(Payout.amount)).group_by(Payout.state)
    return {state: (count, int(total)) for state, count, total in db.session.execute(query)}


def steps(payout: Payout) -> list[Step]:
    """Return what happened to a payout, oldest first."""
    found = history(f"payout:{payout.id}")[::-1]
    ids = {int(e.actor.partition(":")[2]) for e in found if e.actor.startswith("person:")}
    names = {row.id: row.name for row in people(ids).values()}
    return [_step(event, names) for event in found]


def _step(event: Event, names: dict[int, str]) -> Step:
    kind, _colon, number = event.actor.partition(":")
    name = names.get(int(number)) if kind == "person" else None
    return Step(event.type, event.at, kind, name, event.facts.get("reason"))
