"""The back office: first-order coupons, the pool, and who was given one."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from flask import Blueprint, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.coupons import queries, rules, service
from app.coupons.forms import FillForm, KindForm, OfferForm, value_words
from app.coupons.models import Coupon
from app.errors import DomainError, NotFound
from app.partners.rules import fold_code
from app.profiles import queries as profiles
from app.site.access import requires
from app.tenants import queries as tenants
from app.tenants import service as settings
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

bp = Blueprint("coupons", __name__, url_prefix="/coupons")


def _search(statement: Select[Any], words: str) -> Select[Any]:
    return statement.where(Coupon.key.startswith(fold_code(words), autoescape=True))


def _whose(row: Any) -> str | None:
    member = row.Member
    return None if member is None else member.name or member.email or member.phone


def _in_state(statement: Select[Any], value: str) -> Select[Any]:
    free = Coupon.taken_at.is_(None) & Coupon.withdrawn_at.is_(None)
    states = {
        "free": free,
        "given": Coupon.taken_at.is_not(None) & (Coupon.origin != "assigned"),
        "assigned": Coupon.origin == "assigned",
        "withdrawn": Coupon.withdrawn_at.is_not(None) & Coupon.taken_at.is_(None),
    }
    return statement.where(states[value])


COUPONS = Table(
    name="coupons",
    caption=_l("Coupons"),
    key=Coupon.id,
    default="-created",
    columns=(
        Column("code", _l("Coupon"), render="code", main=True, value=lambda r: r.Coupon.display),
        Column("state", _l("State"), render="badge", value=lambda r: queries.state_of(r.Coupon)),
        Column("partner", _l("Partner"), render="name"),
        Column("customer", _l("Customer"), render="name", value=_whose),
        Column("worth", _l("Worth"), quiet=True,
               value=lambda r: value_words(r.CouponGrant.value) if r.CouponGrant else None),
        Column("taken_at", _l("Given"), render="date", value=lambda r: r.Coupon.taken_at),
        Column("created", _l("Added"), render="date", sort=Coupon.id, quiet=True,
               value=lambda r: r.Coupon.created_at),
        Column("act", _l("Act"), render="act", value=lambda r: r.Coupon),
    ),
    filters=(
        Filter(
            "state", _l("State"),
            [("free", _l("Free")), ("given", _l("Given")), ("assigned", _l("A partner's")),
             ("withdrawn", _l("Withdrawn"))],
            _in_state,
        ),
    ),
    search=_search,
    search_label=_l("Coupon"),
    empty=Empty(_l("No coupons yet"), _l("They appear here as they are pasted or given."), icon="ticket"),
)  # fmt: skip


@bp.get("/")
@requires("read")
def index() -> Response:
    """Show the offer, the pool and all coupons."""
    return _page(_offer_form())


@bp.post("/")
@requires("settings")
def save() -> Response:
    """Say whether customers get a coupon, and what it is worth."""
    form = OfferForm()
    if not form.validate_on_submit():
        return _page(form, status=422)
    try:
        service.set_offer(form.offer)
    except DomainError as error:
        named = {"value": "amount"}
        for each in error.errors:
            form.complain(named.get(each.field, each.field), each.message)
        return _page(form, status=error.status)
    settings.change_settings({"first_coupons": bool(form.first_coupons.data)})
    return see_other("office.coupons.index", message=_("Saved."))


@bp.post("/fill")
@requires("manage")
def fill() -> Response:
    """Put coupons into the pool; lines that could not be taken are named, the others stay."""
    form = FillForm().offer(tenants.shops())
    if not form.validate_on_submit():
        return _page(_offer_form(), form, status=422)
    try:
        done = service.fill(rules.read_lines(form.text), form.shop.data or None)
    except DomainError as error:
        form.tell(error)
        return _page(_offer_form(), form, status=error.status)
    except csv.Error:
        form.complain("lines", _("A line is too long, or a quote is never closed."))
        return _page(_offer_form(), form, status=422)
    if not (done.known or done.unreadable or done.strangers):
        return see_other("office.coupons.index", message=_("Added: %(number)s.", number=done.added))
    return _page(_offer_form(), done=done)


@bp.post("/<int:coupon_id>/<any(withdraw, restore):way>")
@requires("manage")
def withdraw(coupon_id: int, way: str) -> Response:
    """Take a free coupon out of the pool, or put it back."""
    coupon = queries.by_id(coupon_id)
    if coupon is None:
        raise NotFound
    service.withdraw(coupon, back=way == "restore")
    if way == "restore":
        return see_other("office.coupons.index", message=_("Back in the pool."))
    undo = url_for("office.coupons.withdraw", coupon_id=coupon_id, way="restore")
    return see_other("office.coupons.index", message=_("Out of the pool."), undo=undo)


@bp.get("/kinds")
@requires("read")
def kinds() -> Response:
    """Show the coupons that rules of bonuses may give."""
    return _kinds(KindForm(formdata=None))


@bp.post("/kinds")
@requires("settings")
def make_kind() -> Response:
    """Define a coupon that rules may give."""
    form = KindForm()
    if form.validate_on_submit():
        try:
            pattern = form.pattern.data or ""
            service.make_kind(form.name.data or "", form.value, pattern, form.days.data)
        except DomainError as error:
            for each in error.errors:
                named = "amount" if each.field == "value" else each.field
                form.complain(named, each.message)
            return _kinds(form, error.status)
        return see_other("office.coupons.kinds", message=_("Saved. Rules can give it now."))
    return _kinds(form, 422)


@bp.post("/kinds/<string:kind_id>/archive")
@requires("settings")
def archive_kind(kind_id: str) -> Response:
    """Give no more of a coupon."""
    found = queries.kind(kind_id)
    if found is None:
        raise NotFound
    rule = profiles.naming("coupon", kind_id)
    if rule is not None:
        message = _("The rule “%(rule)s” gives it. Change the rule first.", rule=rule)
        return see_other("office.coupons.kinds", message=message)
    service.archive_kind(found)
    return see_other("office.coupons.kinds", message=_("It is given no more."))


def _kinds(form: KindForm, status: int = 200) -> Response:
    found = queries.kinds()
    return page(
        "coupons/office/kinds.html",
        status=status,
        form=form,
        kinds=found,
        given=queries.issued([each.id for each in found]),
        words=value_words,
    )


def _offer_form() -> OfferForm:
    said = OfferForm.said(queries.offer())
    said["first_coupons"] = tenants.setting("first_coupons")
    return OfferForm(formdata=None, data=said)


def _page(
    form: OfferForm,
    fill_form: FillForm | None = None,
    status: int = 200,
    done: service.Filled | None = None,
) -> Response:
    shops = tenants.shops()
    return page(
        "coupons/office/index.html",
        "_table.html",
        status,
        form=form,
        fill_form=fill_form or FillForm(formdata=None).offer(shops),
        shops=len(shops),
        pool=queries.pool(),
        offer=queries.offer(),
        done=done,
        coupons=COUPONS.load(queries.listed()),
    )
