"""Reads of the platform's operator (under the list role), of sign-ups, installation codes and first steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select

from app import clock
from app.extensions import db
from app.facts import service as facts
from app.onboarding.models import InstallCode, SignUp
from app.onboarding.rules import Policy, State
from app.onboarding.rules import step as step_named
from app.orders.models import Order
from app.partners.models import Partner
from app.tenancy import PLATFORM, role
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PLATFORM_OWNER, POLICY = "platform", "signup"  # a fact of the platform's
OWNER, STEP, DISMISSED = "onboarding", "step", "dismissed"  # facts of a merchant's


def merchants() -> Select[Tenant]:
    """Return the statement of all merchants, without the platform and the test twins."""
    return select(Tenant).where(Tenant.twin_of.is_(None), Tenant.id != PLATFORM)


def sizes(tenant_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Return how many partners and orders each of these merchants has."""
    wanted = set(tenant_ids)
    with role("partnerka_list"):
        partners = _counts(
            select(Partner.tenant_id, func.count()).group_by(Partner.tenant_id), wanted
        )
        orders = _counts(select(Order.tenant_id, func.count()).group_by(Order.tenant_id), wanted)
    return {tenant: (partners.get(tenant, 0), orders.get(tenant, 0)) for tenant in wanted}


def _counts(statement: Select[int, int], wanted: set[int]) -> dict[int, int]:
    tenant = statement.selected_columns[0]
    rows = db.session.execute(statement.where(tenant.in_(wanted)))
    return {tenant_id: count for tenant_id, count in rows}  # noqa: C416 - rows are no pairs to dict()


def policy() -> Policy:
    """Return how accounts are opened now; to be asked in the platform's scope."""
    found = facts.current([PLATFORM_OWNER], [POLICY]).get(PLATFORM_OWNER, {})
    return Policy(found.get(POLICY, Policy.OPEN.value))


def sign_up(public_id: str) -> SignUp | None:
    """Return a sign-up by its outside id."""
    return db.session.scalar(select(SignUp).where(SignUp.public_id == public_id))


def sign_ups() -> Select[tuple[SignUp]]:
    """Return the statement of all sign-ups."""
    return select(SignUp)


def sign_ups_waiting() -> int:
    """Return how many proved sign-ups wait for the operator."""
    query = select(func.count()).where(SignUp.state == State.CONFIRMED.value)
    return db.session.scalar(query) or 0


def codes() -> Sequence[InstallCode]:
    """Return the newest installation codes of the scope's merchant."""
    return db.session.scalars(select(InstallCode).order_by(InstallCode.id.desc()).limit(20)).all()


def usable_code(code_id: int) -> InstallCode | None:
    """Return an installation code that can still be used."""
    query = select(InstallCode).where(
        InstallCode.id == code_id,
        InstallCode.used_at.is_(None),
        InstallCode.withdrawn_at.is_(None),
        InstallCode.expires_at > clock.wall(),
    )
    return db.session.scalar(query)


def wizard_step() -> str:
    """Return at which page of the wizard the merchant stopped."""
    return step_named(facts.current([OWNER], [STEP]).get(OWNER, {}).get(STEP))


def steps_dismissed() -> bool:
    """Tell whether the list of first steps was taken off the overview."""
    return bool(facts.current([OWNER], [DISMISSED]).get(OWNER, {}).get(DISMISSED))


def first_partners(most: int) -> Sequence[Partner]:
    """Return the scope's first partners, oldest first."""
    return db.session.scalars(select(Partner).order_by(Partner.id).limit(most)).all()
