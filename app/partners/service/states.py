"""A partner's way: approved, rejected, blocked, let in again, removed."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import update

from app.errors import Conflict, DomainError
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.identity import service as identity
from app.lifecycle import IllegalTransition, Lifecycle
from app.partners import queries
from app.partners.models import Partner
from app.partners.rules import LIFECYCLE, UNDECIDED, Status
from app.partners.service.codes import touch_tree
from app.tenancy import current_tenant
from app.tenants import queries as tenants

EVENTS = {
    "reopen": "partner.reopened",
    "approve": "partner.approved",
    "reject": "partner.rejected",
    "block": "partner.blocked",
    "unblock": "partner.unblocked",
    "remove": "partner.removed",
}


def act(partner: Partner, action: str, reason: str = "", *, letter: bool | None = None) -> Partner:
    """Do one of the lifecycle's actions. Raises Conflict where the state does not allow it (any more).

    `letter`: whether a block, or its end, is written to the partner; of the others the rules decide.

    Approval opens the cabinet and promises the welcome letter; removal closes it and frees the
    e-mail. What was earned before stays; whether a later sale earns reads the dated status.
    """
    _move(partner, LIFECYCLE, action)
    if action == "approve":
        admit(partner)
    if action == "remove":
        dismiss(partner)
    if action in {"block", "unblock"}:
        # What an earlier block said of money and links is over; the next says its own.
        partner.pays_blocked = partner.links_off = False
    record(
        EVENTS[action],
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        refcode=partner.refcode,
        reason=reason.strip(),
        **({} if letter is None else {"letter": letter}),
    )
    if action == "approve":
        place(partner)
        if partner.sponsor_id is not None:
            tell_sponsor(partner, partner.sponsor_id)
    touch_tree()
    return partner


def _move(partner: Partner, lifecycle: Lifecycle[Status], action: str) -> None:
    before = Status(partner.status)
    try:
        after = lifecycle.next(before, action)
    except IllegalTransition as error:
        raise _meanwhile() from error
    moved = (
        update(Partner)
        .where(Partner.id == partner.id, Partner.status == before)
        .values(status=after)
        .returning(Partner.id)
    )
    if db.session.scalar(moved) is None:
        raise _meanwhile()
    db.session.refresh(partner)
    facts.put(f"partner:{partner.id}", "status", after.value, actor=actor())


def reopen(partner: Partner) -> Partner:
    """Take the decision on an application back: it waits again, and the cabinet closes. Raises Conflict.

    Whether an approval may still be taken back, nothing having come of it, the caller asks.
    """
    _move(partner, UNDECIDED, "reopen")
    dismiss(partner)
    record(
        EVENTS["reopen"],
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        refcode=partner.refcode,
    )
    touch_tree()
    return partner


def place(partner: Partner) -> None:
    """Let the shop put a partner, active now, into the customer group that the merchant gives on joining.

    Once a partner; connectors hear of it by the event and read it by the API.
    """
    group = tenants.setting("customer_group")
    if group is None or partner.customer_group is not None:
        return
    partner.customer_group = group
    record(
        "partner.customer_group",
        f"partner:{partner.id}",
        partner_id=partner.id,
        refcode=partner.refcode,
        customer_group=group,
        member=queries.member_keys([partner.member_id]).get(partner.member_id or 0),
    )
    db.session.flush()


def approve(partner: Partner) -> Partner:
    """Let an applicant in. Raises Conflict."""
    return act(partner, "approve")


def reject(partner: Partner, reason: str = "") -> Partner:
    """Turn an applicant down. Raises Conflict."""
    return act(partner, "reject", reason)


def block(partner: Partner, reason: str = "", *, letter: bool | None = None) -> Partner:
    """Stop a partner from earning; what was earned matures, payouts wait. Raises Conflict."""
    return act(partner, "block", reason, letter=letter)


def unblock(partner: Partner, *, letter: bool | None = None) -> Partner:
    """Let a blocked partner earn again, from now on. Raises Conflict."""
    return act(partner, "unblock", letter=letter)


def remove(partner: Partner, reason: str = "") -> Partner:
    """Take a partner out of the program and close the cabinet. Raises Conflict."""
    return act(partner, "remove", reason)


def resend_welcome(partner: Partner) -> None:
    """Promise the welcome letter once more. Raises DomainError without an e-mail, Conflict unless active."""
    if partner.email is None:
        raise DomainError("no_email", _("This partner has no e-mail address."))
    if partner.status != Status.ACTIVE:
        raise Conflict("not_active", _("Only an active partner can be written to."))
    admit(partner)
    record("partner.invited", f"partner:{partner.id}", partner_id=partner.id, name=partner.name)


def admit(partner: Partner) -> None:
    """Open the cabinet to the person of the partner's e-mail; one person may be many merchants' partner."""
    if partner.email is None:
        return
    person = identity.ensure_person(partner.email, partner.name, partner.locale)
    if partner.person_id == person.id:
        return
    tenant_id = current_tenant()
    identity.leave_partner(tenant_id, partner.id)
    identity.join(person, tenant_id, "partner", partner.id)
    partner.person_id = person.id
    db.session.flush()


def dismiss(partner: Partner) -> None:
    """Close the cabinet to the partner's person."""
    identity.leave_partner(current_tenant(), partner.id)
    partner.person_id = None
    db.session.flush()


def tell_sponsor(partner: Partner, sponsor_id: int) -> None:
    """Let the sponsor know whom he has brought."""
    record(
        "partner.recruited",
        f"partner:{sponsor_id}",
        partner_id=sponsor_id,
        recruit_id=partner.id,
        name=partner.name,
    )


def _meanwhile() -> Conflict:
    return Conflict("wrong_state", _("This partner's state has changed meanwhile."))
