"""The back office: the order's partner data, as staff say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, url_for
from flask_babel import gettext as _

from app.checkout import queries as checkout
from app.commissions.queries import order_of_deal
from app.errors import NotFound
from app.intake import service as intake
from app.orders.forms import PartnerDataForm
from app.orders.office.door import bp
from app.orders.office.lists import shown
from app.orders.rules import PartnerData
from app.orders.service import word_before
from app.partners import queries as partners
from app.partners.rules import fold_code
from app.programs import queries as programs
from app.site.access import requires
from app.web.pages import see_other

if TYPE_CHECKING:
    from flask import Response

    from app.orders.models import Order


@bp.post("/<string:deal>/partner")
@requires("manage")
def set_partner(deal: str) -> Response:
    """Give the order to whom staff name, on the terms they name; all empty withdraws their word."""
    order, form = _found(deal), PartnerDataForm().offer(programs.all_terms())
    if not form.validate_on_submit() or not _sound(form):
        return shown(order, form, 422)
    intake.say(order.id, form.said, g.person.name)
    words = _("Saved. Money follows at once.")
    undo = url_for("office.orders.unset_partner", deal=deal)
    return see_other("office.orders.show", deal=deal, message=words, undo=undo)


@bp.post("/<string:deal>/partner/back")
@requires("manage")
def unset_partner(deal: str) -> Response:
    """Take the newest word back: what was said before it holds again."""
    order = _found(deal)
    intake.say(order.id, word_before(order.id) or PartnerData(), g.person.name)
    return see_other("office.orders.show", deal=deal, message=_("As it was before."))


@bp.post("/<string:deal>/bonuses")
@requires("manage")
def spend_again(deal: str) -> Response:
    """Take the bonuses and the partner money that the order wished to spend, as far as they now may be."""
    order = _found(deal)
    intake.spend_again(order.id)
    left = checkout.books([order.id])[order.id].lacks
    words = _("Some of it is still missing.") if left else _("All of it is taken now.")
    return see_other("office.orders.show", deal=deal, message=words)


def _sound(form: PartnerDataForm) -> bool:
    said = form.said
    words = [word for word in (said.promo_code, said.refcode) if word]
    owners = partners.partner_of_code(words)
    for name in ("promo_code", "refcode"):
        word = getattr(said, name)
        if word and fold_code(word) not in owners:
            form.complain(name, _("No partner has this code."))
    if len(words) == 2 and len({owners.get(fold_code(word)) for word in words}) > 1:
        form.complain("refcode", _("The promo code is another partner's."))
    return not form.errors


def _found(deal: str) -> Order:
    order = order_of_deal(deal)
    if order is None:
        raise NotFound
    return order
