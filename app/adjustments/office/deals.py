"""Set by hand what one order earns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g
from flask_babel import gettext as _

from app.adjustments import service
from app.adjustments.forms import OverrideForm, override_form
from app.adjustments.office.door import bp
from app.adjustments.queries import set_for_others, standing_at
from app.commissions.queries import deal_view, order_of_deal, overrides
from app.errors import DomainError, NotFound
from app.money import Money
from app.site.access import may, requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.commissions.queries import DealView


@bp.get("/deals/<string:deal>")
@requires("money")
def deal(deal: str) -> Response:
    """Offer a sum for each level."""
    view = _view(deal)
    now = standing_at(view)
    known = overrides([view.deal.order_id]).get(view.deal.order_id, ())
    said = [each for each in known if now.get(each.level) == each.partner_id]
    values = {f"level_{o.level}": Money(o.amount, g.tenant.currency) for o in said}
    if said:
        values["reason"] = said[-1].reason  # type: ignore[assignment]
    return _page(view, override_form(_levels(view))(formdata=None, data=values))


@bp.post("/deals/<string:deal>")
@requires("money")
def set_deal(deal: str) -> Response:
    """Book what was set; an empty field brings the computed sum back."""
    view = _view(deal)
    levels = _levels(view)
    form = override_form(levels)()
    if not form.validate_on_submit():
        return _page(view, form, 422)
    typed = {level: form[f"level_{level}"].data for level in levels}
    wanted = {level: sum_.minor if sum_ is not None else None for level, sum_ in typed.items()}
    try:
        service.override(
            view.deal.order_id, wanted, form.reason.data, g.person.name, g.tenant.currency
        )
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _page(view, form, error.status)
    if may("read"):
        return see_other("office.orders.show", deal=deal, message=_("Booked."))
    return see_other("office.commissions.index", message=_("Booked."))


def _view(deal: str) -> DealView:
    order = order_of_deal(deal)
    view = deal_view(order.id) if order else None
    if view is None or view.partner is None:
        raise NotFound
    return view


def _levels(view: DealView) -> list[int]:
    """Return the levels somebody stands at; the buyer's own cashback is level 0."""
    return sorted({row.level for row in view.shares} or {1})


def _page(view: DealView, form: OverrideForm, status: int = 200) -> Response:
    order: Any = {"number": view.deal.public_id, "levels": _levels(view)}
    return page(
        "adjustments/office/deal.html",
        status=status,
        view=view,
        form=form,
        order=order,
        for_others=set_for_others(view),
    )
