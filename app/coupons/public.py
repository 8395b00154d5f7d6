"""A customer's page of his own first-order coupon: no account, the link is the key."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, abort

from app import crypto
from app.coupons import queries
from app.coupons.forms import value_words
from app.coupons.rules import LINK
from app.site.access import requires
from app.tenancy import current_tenant
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("coupons", __name__)
YEAR = timedelta(days=366)


@bp.get("/<merchant>/coupon/<token>")
@requires("anyone")
def show(token: str) -> Response:
    """Show the coupon."""
    said = crypto.signed(LINK, token, YEAR)
    if not isinstance(said, list) or said[:1] != [current_tenant()]:
        abort(404)
    coupon = queries.given_by_id(said[1]) or abort(404)
    return page("coupons/public/show.html", coupon=coupon, worth=value_words(coupon.value))
