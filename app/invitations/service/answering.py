"""Answer an invitation: see it, and join with exactly what it promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import update

from app import clock
from app.errors import Conflict, FieldError, NotFound
from app.events.service import record
from app.extensions import db
from app.invitations.models import Invitation
from app.invitations.rules import State
from app.partners import queries as partners
from app.partners import service as partner_service
from app.partners.service import NewPartner
from app.programs import queries as programs
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from app.partners.models import Partner
    from app.programs.models import Terms


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the guest says of himself; the e-mail is proven by the letter that brought him."""

    name: str
    accepted_version: int
    phone: str | None = None
    site: str | None = None
    locale: str | None = None


def open_(invitation: Invitation) -> None:
    """Note that the guest has seen the page, the first time."""
    mine = (Invitation.tenant_id == current_tenant()) & (Invitation.id == invitation.id)
    seen = update(Invitation).where(mine, Invitation.state == State.SENT)
    db.session.execute(seen.values(state=State.OPENED.value, opened_at=clock.now()))


def offered_terms(invitation: Invitation) -> Terms:
    """Return the terms that the guest accepts: the invitation's, his group's, else the base terms."""
    if invitation.partner_id is not None:
        partner = partners.by_id(invitation.partner_id)
        if partner is not None:
            return partners.terms_of(partner)
    group = programs.group_by_id(invitation.group_id) if invitation.group_id else None
    for terms_id in (invitation.terms_id, group.terms_id if group else None):
        terms = programs.terms_by_id(terms_id) if terms_id is not None else None
        if terms is not None and programs.is_open(terms, clock.now()):
            return terms
    return programs.base_terms()


def join(invitation: Invitation, said: Said) -> Partner:
    """Let the guest in, once: active, with the group, terms, sponsor and code of the invitation.

    Raises Conflict for what is answered or withdrawn meanwhile, for terms that changed since they were
    read, and where the e-mail or the code is somebody's by now; DomainError for what cannot stand.
    """
    terms = offered_terms(invitation)
    if said.accepted_version != terms.version:
        words = _("The terms have changed since you read them. Please read them again.")
        raise Conflict("terms_changed", words, FieldError("accepted", words))
    _use(invitation)
    partner = _enrol(invitation, said)
    partner.accepted_terms_version, partner.accepted_terms_at = terms.version, clock.now()
    invitation.partner_id = partner.id
    db.session.flush()
    record(
        "invitation.joined",
        f"invitation:{invitation.id}",
        invitation_id=invitation.id,
        joined_id=partner.id,
        name=partner.name,
        refcode=partner.refcode,
    )
    return partner


def _use(invitation: Invitation) -> None:
    mine = (Invitation.tenant_id == current_tenant()) & (Invitation.id == invitation.id)
    used = (
        update(Invitation)
        .where(mine, Invitation.state.in_((State.SENT, State.OPENED)))
        .values(state=State.JOINED.value, ended_at=clock.now())
        .returning(Invitation.id)
    )
    if db.session.scalar(used) is None:
        raise Conflict("answered", _("This invitation has been answered already."))
    db.session.refresh(invitation)


def _enrol(invitation: Invitation, said: Said) -> Partner:
    if invitation.partner_id is None:
        return partner_service.create(
            NewPartner(
                name=said.name,
                email=invitation.email,
                phone=said.phone,
                site=said.site,
                codes=[invitation.code] if invitation.code else (),
                sponsor_id=invitation.sponsor_id,
                group_id=invitation.group_id,
                terms_id=invitation.terms_id,
                locale=said.locale or invitation.locale,
            )
        )
    partner = partners.by_id(invitation.partner_id)
    if partner is None:
        raise NotFound
    fields = {"name": said.name, "email": invitation.email}
    told = {name: value for name in ("phone", "site") if (value := getattr(said, name))}
    partner_service.change(partner, **fields, **told)
    partner_service.resend_welcome(partner)
    return partner
