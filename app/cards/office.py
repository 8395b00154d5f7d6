"""The back office: loyalty cards, and one customer's card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, make_response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from app.bonuses.office import entries
from app.cards import queries, service
from app.cards.forms import NumberForm
from app.cards.models import Card
from app.errors import DomainError, NotFound
from app.installation import public_address
from app.links.service import draw_svg
from app.members import queries as members
from app.members.models import Member
from app.site.access import requires
from app.site.lists import by_shop
from app.sms import queries as sms
from app.tenants import queries as tenants
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("cards", __name__, url_prefix="/cards")


def _card(row: Any) -> str:
    return url_for("office.cards.show", member_id=row.Member.id)


CARDS = Table(
    name="cards",
    caption=_l("Loyalty cards"),
    key=Card.id,
    default="-made_at",
    columns=(
        Column("number", _l("Card number"), render="code", main=True, href=_card, value=lambda row: row.Card.number),
        Column("name", lazy_pgettext("person", "Name"), render="name", value=lambda row: entries.called(row.Member)),
        Column("phone", _l("Phone"), render="name", value=lambda row: row.Member.phone),
        Column("made_at", _l("Bound"), render="datetime", sort=Card.made_at, value=lambda row: row.Card.made_at),
    ),
    search=queries.matching,
    search_label=_l("Number, name, e-mail or phone"),
    empty=Empty(
        _l("No cards yet"),
        _l("A customer who opens the card on the phone gets one; shops bind numbers by API."),
        icon="credit-card",
    ),
)  # fmt: skip


@bp.get("/")
@requires("read")
def index() -> Response:
    """List the cards, with the page where customers open theirs."""
    view = by_shop(CARDS, Member.shop_id).load(queries.listed())
    return page(
        "cards/office/index.html",
        "_table.html",
        cards=view,
        address=_address(),
        on=bool(tenants.setting("loyalty")),
        texts=sms.is_on() or g.tenant.twin_of is not None,
    )


@bp.get("/qr.svg")
@requires("read")
def square() -> Response:
    """Draw the address of the customers' page as a QR code, to be printed beside the till."""
    response = make_response(draw_svg(_address()))
    response.headers["Content-Type"] = "image/svg+xml; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="card.svg"'
    return response


def _address() -> str:
    return public_address(f"/{g.tenant.slug}/card/")


@bp.get("/customers/<int:member_id>")
@requires("read")
def show(member_id: int) -> Response:
    """Show one customer's card."""
    member = _member(member_id)
    return _page(member, NumberForm(formdata=None, data={"number": _number(member)}))


@bp.post("/customers/<int:member_id>")
@requires("manage")
def bind(member_id: int) -> Response:
    """Bind the number of a card that the customer holds in his hand."""
    member, form = _member(member_id), NumberForm()
    if not form.validate_on_submit():
        return _page(member, form, 422)
    try:
        service.bind(member, form.number.data or "")
    except DomainError as error:
        form.tell(error)
        return _page(member, form, error.status)
    return see_other("office.cards.show", member_id=member.id, message=_("Saved."))


@bp.post("/customers/<int:member_id>/unbind")
@requires("manage")
def unbind(member_id: int) -> Response:
    """Take the card away: it was lost; bonuses stay."""
    member = _member(member_id)
    service.unbind(member)
    return see_other("office.cards.show", member_id=member.id, message=_("Saved."))


@bp.post("/customers/<int:member_id>/sign-out")
@requires("manage")
def sign_out(member_id: int) -> Response:
    """Sign the customer out on every phone."""
    member = _member(member_id)
    service.sign_out_everywhere(member)
    return see_other("office.cards.show", member_id=member.id, message=_("Saved."))


def _number(member: Member) -> str:
    card = queries.card_of(member.id)
    return card.number if card else ""


def _page(member: Member, form: NumberForm, status: int = 200) -> Response:
    return page(
        "cards/office/show.html",
        status=status,
        member=member,
        name=entries.called(member),
        card=queries.card_of(member.id),
        form=form,
    )


def _member(member_id: int) -> Member:
    found = members.by_id(member_id)
    if found is None:
        raise NotFound
    return found
