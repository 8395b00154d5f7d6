"""A page of one partner's sales for whoever has its address: for partners without an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import update

from app import clock, crypto
from app.errors import Conflict, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.installation import public_address, settings
from app.invitations.models import PartnerPage
from app.partners.rules import Status
from app.tenancy import current_tenant, public_id

if TYPE_CHECKING:
    from app.partners.models import Partner


def make_page(partner: Partner) -> PartnerPage:
    """Open a page with a fresh address; an earlier one ends. Raises Conflict for who is not active."""
    if partner.status != Status.ACTIVE:
        raise Conflict("not_active", _("Only an active partner has such a page."))
    _end(partner)
    outside = public_id("pp")
    page = PartnerPage(
        public_id=outside,
        partner_id=partner.id,
        token_hash=crypto.digest(_token(outside)),
        created_at=clock.now(),
        created_by=actor(),
        revoked_at=None,
        seen_at=None,
    )
    db.session.add(page)
    db.session.flush()
    _tell(partner, "opened")
    return page


def revoke_page(partner: Partner) -> None:
    """End a partner's page: its address leads nowhere from now on. Raises NotFound."""
    if not _end(partner):
        raise NotFound
    _tell(partner, "revoked")


def see_page(page: PartnerPage) -> None:
    """Note that somebody looked."""
    page.seen_at = clock.now()


def page_address(page: PartnerPage, slug: str) -> str:
    """Return the page's full address: made of its id and our key, kept only as a hash."""
    return public_address(f"/{slug}/sales/{_token(page.public_id)}")


def _token(outside: str) -> str:
    message = f"page:{current_tenant()}:{outside}".encode()
    return crypto.signature(settings().secret_key, message)[:48]


def _end(partner: Partner) -> bool:
    mine = (
        (PartnerPage.tenant_id == current_tenant())
        & (PartnerPage.partner_id == partner.id)
        & PartnerPage.revoked_at.is_(None)
    )
    ended = update(PartnerPage).where(mine).values(revoked_at=clock.now())
    return bool(db.session.scalars(ended.returning(PartnerPage.id)).all())


def _tell(partner: Partner, what: str) -> None:
    record(
        "partner.changed",
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        changes={"page": [None, what]},
    )
