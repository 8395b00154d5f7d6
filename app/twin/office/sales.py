"""The back office: a test sale, step by step, and undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g, url_for
from flask_babel import gettext as _

from app.commissions.queries import deal_view
from app.errors import DomainError, NotFound
from app.money import Money
from app.site.access import requires
from app.tenants import queries as tenants
from app.twin import queries, service
from app.twin.forms import SaleForm
from app.twin.office.clock import bp, in_test_mode
from app.twin.rules import SALE
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.twin.models import TestSale


@bp.get("/sales/")
@requires("manage")
def sales() -> Response:
    """Offer a test sale, and list those that were made."""
    in_test_mode()
    return _sales(_form())


@bp.post("/sales/")
@requires("manage")
def sell() -> Response:
    """Make a test sale, all of its steps at once."""
    tenant, form = in_test_mode(), _form()
    if form.validate_on_submit():
        shop = tenants.shop(form.shop.data)
        if shop is None:
            raise NotFound
        try:
            made = service.make(tenant, shop, form.amount.data.minor)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other(
                "office.twin.sale",
                sale=made.public_id,
                message=_("The test sale is made."),
                undo=url_for("office.twin.unsell", sale=made.public_id),
            )
    return _sales(form, 422)


@bp.get("/sales/<string:sale>")
@requires("manage")
def sale(sale: str) -> Response:
    """Show how far a test sale went; each step opens its page."""
    return page("twin/office/sale.html", **_told(_found(sale)))


@bp.post("/sales/<string:sale>/undo")
@requires("manage")
def unsell(sale: str) -> Response:
    """Undo a test sale."""
    found = _found(sale)
    service.undo(g.tenant, found)
    return see_other(
        "office.twin.sale", sale=found.public_id, message=_("The test sale is undone.")
    )


def _found(public_id: str) -> TestSale:
    in_test_mode()
    found = queries.sale(public_id)
    if found is None:
        raise NotFound
    return found


def _form() -> SaleForm:
    form = SaleForm(amount=Money(SALE, g.tenant.currency))
    form.shop.choices = [(s.public_id, f"{s.name} {s.domain}") for s in tenants.shops()]
    return form


def _sales(form: SaleForm, status: int = 200) -> Response:
    found = [(row, queries.order_of(row)) for row in queries.sales()]
    return page(
        "twin/office/sales.html",
        status=status,
        form=form,
        sales=found,
        standing=queries.standing_sale(),
    )


def _told(sale: TestSale) -> dict[str, Any]:
    order, payout = queries.order_of(sale), queries.payout_of(sale)
    view = deal_view(order.id)
    return {
        "sale": sale,
        "order": order,
        "deal": view.deal if view else None,
        "partner": queries.partner_of(sale),
        "payout": payout,
        "earned": Money(sale.earned, order.currency),
        "paid": Money(payout.amount, payout.currency) if payout else None,
    }
