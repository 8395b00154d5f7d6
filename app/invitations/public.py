"""Answering an invitation, and the page of a partner who has no account: each by an address of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, g, request
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from app.commissions.queries import accruals
from app.errors import DomainError, NotFound
from app.identity import service as identity
from app.installation import settings
from app.invitations import queries, service
from app.ledger.queries import partner_balances
from app.links import queries as link_queries
from app.participation import queries as participation
from app.participation import service as joining
from app.participation.forms import form_now
from app.participation.rules import in_language
from app.partners import queries as partners
from app.partners.models import Partner
from app.programs import queries as programs
from app.programs.forms import summary
from app.site.access import requires
from app.web.pages import page, see_address
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

    from app.invitations.models import Invitation
    from app.participation.forms import JoinForm

bp = Blueprint("invitations", __name__)
# Whoever has the address has the page: search engines, caches and other sites must not get it.
HEADERS = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
}


@bp.get("/<merchant>/invited/<string:token>")
@requires("anyone")
def invited(token: str) -> Response:
    invitation = _invitation(token)
    if request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", ""):
        service.open_(invitation)
    form = form_now(g.tenant.locale, guest=True)(formdata=None, data={"name": invitation.name})
    return _invited(invitation, form, token)


@bp.post("/<merchant>/invited/<string:token>")
@requires("anyone")
def join(token: str) -> Response:
    """Let the guest in, and on to the password: the letter has proven the address."""
    invitation, form = _invitation(token), form_now(g.tenant.locale, guest=True)()
    good, answers = form.validate_on_submit(), {}
    try:
        answers = joining.read_answers(form.answers, complete=True)
    except DomainError as error:
        form.tell(error)
        good = False
    if not good:
        return _invited(invitation, form, token, 422)
    try:
        partner = _enter(invitation, form, answers)
    except DomainError as error:
        form.tell(error)
        return _invited(
            invitation, form.untick() if error.status == 409 else form, token, error.status
        )
    if partner.person_id is None:
        raise NotFound
    address = identity.password_link(partner.person_id, "welcome", partner.locale)
    return _private(see_address(address.removeprefix(settings().public_url)))


def _enter(invitation: Invitation, form: JoinForm, answers: dict[str, Any]) -> Partner:
    told = {name: form[name].data or None for name in ("phone", "site") if name in form}
    locale = str(get_locale() or "en")
    said = joining.Applicant(
        name=form.name.data,
        email=invitation.email,
        accepted_version=form.read_version,
        consents=form.ticked,
        seen=form.seen,
        answers=answers,
        locale=locale,
        ip=request.remote_addr,
        **told,
    )
    joining.check_seen(said)
    terms = service.offered_terms(invitation)
    partner = service.join(
        invitation,
        service.Said(name=said.name, accepted_version=said.accepted_version, locale=locale, **told),
    )
    joining.take_guest(partner, said, terms.id)
    return partner


def _invitation(token: str) -> Invitation:
    return queries.by_token(token) or abort(404)


def _invited(invitation: Invitation, form: JoinForm, token: str, status: int = 200) -> Response:
    terms = service.offered_terms(invitation)
    form.show(terms.version)
    languages = (str(get_locale()), g.tenant.locale)
    return _private(
        page(
            "invitations/public/invited.html",
            status=status,
            form=form,
            token=token,
            invitation=invitation,
            terms=terms,
            summary=summary(programs.conditions([terms.id])[terms.id]),
            said=participation.page(),
            texts=participation.current_texts(),
            say=lambda texts: in_language(texts, *languages),
            sponsor=partners.by_id(invitation.sponsor_id) if invitation.sponsor_id else None,
        )
    )


def _table(statement: Select[Any]) -> Table:
    columns = statement.selected_columns
    return Table(
        name="sales",
        caption=_l("Sales"),
        key=columns["key"],
        default="-created_at",
        columns=(
            Column("created_at", _l("Ordered"), render="datetime", sort=columns["created_at"], main=True),
            Column("state", _l("Order's state"), render="badge"),
            Column("amount", _l("You earn"), render="money", sort=columns["amount"], end=True),
            Column("bucket", _l("Money"), render="badge"),
            Column("available_at", _l("Free from"), render="date", quiet=True),
        ),
        empty=Empty(_l("No sales yet"), _l("Sales by your code appear here within seconds."), "coins"),
    )  # fmt: skip


@bp.get("/<merchant>/sales/<string:token>")
@requires("anyone")
def sales(token: str) -> Response:
    """Show one partner's sales and balance, and nothing of the buyers."""
    found = queries.page_by_token(token) or abort(404)
    partner = partners.by_id(found.partner_id)
    if partner is None or partner.status in {"removed", "rejected"}:
        raise NotFound
    service.see_page(found)
    statement = accruals().where(Partner.id == partner.id)
    codes: Any = partners.codes_of([partner.id])[partner.id]
    return _private(
        page(
            "invitations/public/sales.html",
            "_sales.html",
            partner=partner,
            codes=[code.display for code in codes if code.kind == "promo"],
            link=link_queries.address(partner.refcode, g.tenant.slug),
            balance=partner_balances([partner.id])[partner.id],
            sales=_table(statement).load(statement),
        )
    )


def _private(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response
