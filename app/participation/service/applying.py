"""A visitor asks to join: what he says is checked, perhaps his e-mail confirmed, and then he is in or not."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import delete, select, update

from app import clock, crypto
from app.errors import Conflict, FieldError
from app.events.service import actor, record
from app.extensions import db
from app.links import service as links
from app.participation import queries
from app.participation.models import Admission, JoinRequest
from app.participation.rules import refusals
from app.participation.service.consents import agree
from app.partners import service as partners
from app.partners.rules import Status
from app.tenancy import current_tenant, public_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.participation.models import JoinLink
    from app.partners.models import Partner

PURPOSE, LASTS = "join", timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """What a visitor says on the form, and what the page and the link say for him."""

    name: str
    email: str
    accepted_version: int  # of the terms
    consents: dict[str, int] = field(default_factory=dict)  # kind -> version that was ticked
    seen: dict[str, int] = field(default_factory=dict)  # kind -> version that stood there
    phone: str | None = None
    site: str | None = None
    answers: dict[str, Any] = field(default_factory=dict)  # read already
    sponsor_code: str | None = None
    terms_id: int | None = None
    link: str | None = None
    locale: str | None = None
    ip: str | None = None


def apply(said: Applicant) -> Partner | None:
    """Take an application in. None where the e-mail is known, or is to be confirmed first.

    Where the merchant asks who somebody is as a customer, nothing is looked up before the e-mail is
    confirmed by its letter: the answer is the same for everybody. Raises Forbidden when registration
    is closed, Conflict when a text changed since it was read, DomainError for what cannot stand.
    """
    partners.check_open()
    link = _link(said)
    application = _application(said, link)
    check_seen(said)
    if not queries.entry().asks:
        return _finish(partners.register(application), said, link)
    partners.check_terms(application)
    email = partners.check_contact(application)
    made = JoinRequest(
        public_id=public_id("jr"),
        state="sent",
        name=" ".join(said.name.split()),
        email=email,
        said=asdict(said),
        locale=said.locale or "en",
        why=[],
        partner_id=None,
        created_at=clock.now(),
        decided_at=None,
    )
    db.session.add(made)
    db.session.flush()
    record("partner.asked", f"request:{made.id}", request=made.public_id)
    return None


def confirmation(request: JoinRequest) -> str:
    """Return the token by which an applicant confirms that the e-mail is his."""
    return crypto.sign(PURPOSE, [current_tenant(), request.public_id])


def request_of(token: str) -> JoinRequest | None:
    """Return the application of a token of this merchant; None for anything else, and when it is too old."""
    found = crypto.signed(PURPOSE, token, LASTS)
    if not isinstance(found, list) or len(found) != 2 or found[0] != current_tenant():
        return None
    return queries.request_by(str(found[1]))


def confirm(request: JoinRequest) -> JoinRequest:
    """Look, the e-mail being confirmed, whether the applicant may join, and let him in; twice is once.

    Raises Forbidden where registration was closed meanwhile.
    """
    db.session.refresh(request, with_for_update=True)
    if request.state != "sent":
        return request
    partners.check_open()
    standing, ids = queries.standing_of(request.email)
    why = refusals(queries.entry(), standing)
    if why:
        request.state, request.why = "refused", [asdict(each) for each in why]
        request.decided_at = clock.now()
        reasons = [each.code for each in why]
        record("partner.turned_away", f"request:{request.id}", name=request.name, reasons=reasons)
    else:
        _take(request, ids)
    db.session.flush()
    return request


def forget() -> int:
    """Forget the applications that nobody confirmed while their link worked. Returns how many."""
    old = JoinRequest.created_at < clock.now() - LASTS
    gone = delete(JoinRequest).where(JoinRequest.state == "sent", old).returning(JoinRequest.id)
    return len(db.session.scalars(gone).all())


def let_in(request: JoinRequest, word: str) -> Partner | None:
    """Let somebody in whom the rules refused: staff's word stands above them. None where he is in already.

    Raises Conflict for an application that was not refused.
    """
    moved = (
        update(JoinRequest)
        .where(JoinRequest.id == request.id, JoinRequest.state == "refused")
        .values(state="sent")
        .returning(JoinRequest.id)
    )
    if db.session.scalar(moved) is None:
        raise Conflict("not_now", _("This is not possible any more. Look at it again."))
    db.session.refresh(request)
    _standing, ids = queries.standing_of(request.email)
    partner = _take(request, ids, Status.ACTIVE)
    if partner is not None:
        row = admission_of(partner, "form")
        row.overruled_at, row.overruled_by, row.word = clock.now(), actor(), word.strip()
        record(
            "partner.overruled",
            f"partner:{partner.id}",
            partner_id=partner.id,
            name=partner.name,
            reason=word.strip(),
            on=True,
        )
    return partner


def admission_of(partner: Partner, source: str) -> Admission:
    """Return the row that says how a partner came in, made now if there was none."""
    row = db.session.scalar(select(Admission).where(Admission.partner_id == partner.id))
    if row is None:
        row = Admission(
            partner_id=partner.id,
            source=source,
            link_id=None,
            overruled_at=None,
            overruled_by=None,
            at=clock.now(),
        )
        db.session.add(row)
        db.session.flush()
    return row


def _take(request: JoinRequest, ids: list[int], status: Status | None = None) -> Partner | None:
    said = Applicant(**request.said)
    link = _link(said)
    application = _application(said, link)
    if len(ids) == 1:
        application = replace(application, member_id=ids[0])
    partner = _finish(partners.enter(application, status), said, link)
    request.state, request.decided_at = "entered", clock.now()
    request.partner_id = partner.id if partner else None
    return partner


def _finish(partner: Partner | None, said: Applicant, link: JoinLink | None) -> Partner | None:
    if partner is None:
        return None
    links.ensure_default(partner)
    terms = partners.joined_terms(
        said.terms_id or (link.terms_id if link else None), said.sponsor_code
    )
    _agreed(partner, said, terms.id, link)
    return partner


def take_guest(partner: Partner, said: Applicant, terms_id: int) -> None:
    """Note what somebody who came by an invitation agreed to; the invitation let him in."""
    links.ensure_default(partner)
    partner.answers = partner.answers | said.answers
    _agreed(partner, said, terms_id, None)


def _agreed(partner: Partner, said: Applicant, terms_id: int, link: JoinLink | None) -> None:
    agreed: list[tuple[str, int | None, int]] = [("terms", terms_id, said.accepted_version)]
    agreed += [(kind, None, version) for kind, version in said.consents.items()]
    agree(partner, agreed, said.ip)
    admission_of(partner, "form").link_id = link.id if link else None
    db.session.flush()


def _application(said: Applicant, link: JoinLink | None) -> partners.Application:
    page = queries.page()
    group = link.group_id if link is not None and link.group_id is not None else page.group_id
    return partners.Application(
        name=said.name,
        email=said.email,
        phone=said.phone,
        site=said.site,
        accepted_version=said.accepted_version,
        sponsor_code=said.sponsor_code,
        terms_id=link.terms_id if link is not None and link.terms_id is not None else said.terms_id,
        group_id=group,
        locale=said.locale,
        answers=dict(said.answers),
    )


def _link(said: Applicant) -> JoinLink | None:
    return queries.link_by_code(said.link) if said.link else None


def check_seen(said: Applicant) -> None:
    """Let nobody agree to what he has not read.

    Raises Conflict where a text is another by now than the one that stood there.
    """
    now: Mapping[str, int] = {kind: text.version for kind, text in queries.current_texts().items()}
    if now != said.seen:
        words = _("The terms have changed since you read them. Please read them again.")
        raise Conflict("terms_changed", words, FieldError("accepted", words))
