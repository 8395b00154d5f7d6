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
from app.invitations.forms import GuestForm
from app.ledger.queries import partner_balances
from app.links import queries as link_queries
from app.links import service as links
from app.partners import queries as partners
from app.partners.models import Partner
from app.programs import queries as programs
from app.programs.forms import summary
from app.site.access import requires
from app.web.pages import page, see_address
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response

    from app.invitations.models import Invitation

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
    return _invited(invitation, GuestForm(formdata=None, data={"name": invitation.name}), token)


@bp.post("/<merchant>/invited/<string:token>")
@requires("anyone")
def join(token: str) -> Response:
    """Let the guest in, and on to the password: the letter has proven the address."""
    invitation, form = _invitation(token), GuestForm()
    if not form.validate_on_submit():
        return _invited(invitation, form, token, 422)
    said = service.Said(
        name=form.name.data,
        phone=form.phone.data or None,
        accepted_version=form.seen,
        locale=str(get_locale() or "en"),
    )
    try:
        partner = service.join(invitation, said)
    except DomainError as error:
        form.tell(error)
        return _invited(invitation, form, token, error.status)
    links.ensure_default(partner)
    if partner.person_id is None:
        raise NotFound
    address = identity.password_link(partner.person_id, "welcome", partner.locale)
    return _private(see_address(address.removeprefix(settings().public_url)))


def _invitation(token: str) -> Invitation:
    return queries.by_token(token) or abort(404)


def _invited(invitation: Invitation, form: GuestForm, token: str, status: int = 200) -> Response:
    terms = service.offered_terms(invitation)
    form.version.data = str(terms.version)
    return _private(
        page(
            "invitations/public/invited.html",
            status=status,
            form=form,
            token=token,
            invitation=invitation,
            terms=terms,
            summary=summary(programs.conditions([terms.id])[terms.id]),
            sponsor=partners.by_id(invitation.sponsor_id) if invitation.sponsor_id else None,
        )
    )


def _table() -> Table:
    columns = accruals().selected_columns
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
            sales=_table().load(statement),
        )
    )


def _private(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response
