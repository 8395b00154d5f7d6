"""The back office: what the bonus program says, with an example of what it means."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from flask import g, request
from flask_babel import gettext as _
from sqlalchemy import select

from app.bonuses import queries, service
from app.bonuses.forms import ProgramForm
from app.bonuses.office.door import bp
from app.bonuses.rules import Program, ProgramError, read_program
from app.catalog.models import Category
from app.errors import DomainError
from app.extensions import db
from app.money import exponent
from app.profiles import service as profiles
from app.receipts.rules import Goods, Limits, Mode, Quoted, quoted
from app.site.access import requires
from app.tenants import queries as tenants
from app.tenants import service as tenant_service
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

CART, HAS, SHIPPING = 2_000, 500, 300  # whole units of the merchant's currency
KNOWN = 200  # categories that are listed for reference


@dataclass(frozen=True)
class Example:
    """A cart and what the program makes of it, minor units."""

    program: Program
    cart: int
    has: int
    shipping: int
    paid: Quoted
    earns_of: int  # what would earn, if a rule gives percents of an order

    @property
    def cash(self) -> int:
        """What remains to be paid in money, delivery included."""
        return self.cart + self.shipping - self.paid.spend


@bp.get("/program")
@requires("settings")
def program() -> Response:
    """Show what the program says."""
    said, on = queries.program(), bool(tenants.setting("loyalty"))
    data = ProgramForm.of(said, loyalty=on, currency=g.tenant.currency)
    return _page(ProgramForm(formdata=None, data=data), said)


@bp.post("/program")
@requires("settings")
def save() -> Response:
    """Let the program say what was typed from now on; or only show what it would mean."""
    form = ProgramForm()
    if not form.validate_on_submit():
        return _page(form, queries.program(), 422)
    if request.form.get("look"):
        return _page(form, _read(form) or queries.program())
    try:
        service.change_program(form.said)
        tenant_service.change_settings({"loyalty": form.loyalty.data})
        if form.loyalty.data:
            profiles.begin()  # a program that is switched on for the first time earns
    except DomainError as error:
        form.tell(error)
        return _page(form, queries.program(), error.status)
    words = _("Saved. Orders placed from now on follow it.")
    return see_other("office.bonuses.program", message=words)


@bp.post("/program/example")
@requires("settings")
def example() -> Response:
    """Show what the settings on the page would mean, saved or not; what cannot be read changes nothing."""
    form = ProgramForm()
    said = _read(form) if form.validate_on_submit() else None
    return page("bonuses/office/_example.html", example=None if said is None else _example(said))


def _read(form: ProgramForm) -> Program | None:
    try:
        return read_program(form.said)
    except ProgramError:
        return None


def _page(form: ProgramForm, said: Program, status: int = 200) -> Response:
    return page(
        "bonuses/office/program.html",
        status=status,
        form=form,
        example=_example(said),
        categories=_categories(),
    )


def _categories() -> list[tuple[str, str]]:
    query = select(Category.external_id, Category.name).order_by(Category.name, Category.id)
    return [(row.external_id, row.name) for row in db.session.execute(query.limit(KNOWN))]


def _example(said: Program) -> Example:
    unit = 10 ** exponent(g.tenant.currency)
    goods = [Goods(line="cart", quantity=Decimal(1), value=CART * unit)]
    delivery = Goods(line="delivery", quantity=Decimal(1), value=SHIPPING * unit)
    limits = Limits(
        percent=Fraction(said.spend_percent),
        minimum_cash=said.minimum_cash,
        step=said.step,
        min_unit_price=said.min_unit_price,
        promo=said.promo_spendable,
    )
    other = 0 if said.shipping_spendable else delivery.value
    cart = [*goods, delivery] if said.shipping_spendable else goods
    paid = quoted(cart, limits, HAS * unit, HAS * unit, Mode(said.receipt), other=other)
    earns = CART * unit - paid.shares[0]
    if paid.spend and not said.earn_while_redeeming:
        earns = 0
    return Example(said, CART * unit, HAS * unit, SHIPPING * unit, paid, earns)
