"""The back office: the discount in the cart, what stands in its way in each shop, and the latest codes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, url_for
from flask_babel import gettext as _

from app.carts import queries, service
from app.carts.forms import (
    BLOCKERS,
    STATES,
    TONES,
    TRIALS,
    CodesForm,
    SettingsForm,
    odd_words,
)
from app.crypto import Unsealable
from app.errors import DomainError, NotFound
from app.installation import public_address
from app.intake.shops import carts, connections
from app.jobs.work import in_transaction
from app.profiles import queries as profiles
from app.site.access import allowed, requires
from app.site.people import freshly
from app.tenants import queries as tenants
from app.web.pages import page, see_other
from app.widget.queries import keys as widget_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

    from app.carts.models import CartCheck, CartCoupon
    from app.tenants.models import Connection

bp = Blueprint("carts", __name__, url_prefix="/cart-discount")

RULES = ("order.has_coupon", "order.coupon_code")  # facts by which rules look at coupons


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is as it should be, and what mends it."""

    good: bool | None  # None: worth knowing, and no harm
    title: Any
    mending: Any = ""
    place: str | None = None


@dataclass(frozen=True)
class Place:
    """A shop in which codes can be made, and what was found there."""

    connection: Connection
    name: str
    findings: Sequence[Finding]
    check: CartCheck | None


@dataclass(frozen=True)
class Fate:
    """A code and what became of it."""

    row: CartCoupon
    whose: str
    word: Any
    tone: str
    odd: Sequence[Any]
    problem: str


@bp.get("/")
@requires("settings")
def index() -> Response:
    """Show how it stands."""
    return _page()


@bp.post("/")
@requires("settings")
def save() -> Response:
    """Let it be so from now on."""
    form = SettingsForm()
    if not form.validate_on_submit():
        return _page(form, status=422)
    service.change_settings(form.said)
    return see_other(
        "office.carts.index", message=_("Saved. Codes that are open stay as they are.")
    )


@bp.post("/<string:public_id>/try")
@requires("settings")
@freshly
def try_out(public_id: str) -> Response:
    """Look at a shop, make a code that nobody can use there, and delete it: between two transactions."""
    connection = connections.find(public_id)
    if not carts.can(connection):
        raise NotFound
    connection_id, tenant_id, currency = connection.id, g.tenant.id, g.tenant.currency
    try:
        shop = in_transaction(partial(connections.open_shop, connection_id), tenant_id)
    except Unsealable:
        shop = None
    trial = carts.Trial((), "sealed") if shop is None else carts.try_on(shop, currency)
    in_transaction(partial(carts.keep_trial, connection_id, trial), tenant_id)
    words = _("Tried: look below at what was found.")
    return see_other("office.carts.index", message=words)


@bp.post("/codes")
@requires("settings")
def bring() -> Response:
    """Take in codes that a shop made beforehand."""
    form = _codes_form()
    if not form.validate_on_submit():
        return _page(codes=form, status=422)
    shop = tenants.shop(form.shop.data)
    if shop is None:
        raise NotFound
    try:
        number = service.bring(shop.id, [(code, form.amount.data.minor) for code in form.lines])
    except DomainError as error:
        form.complain("codes", error.message)
        return _page(codes=form, status=error.status)
    words = _("Added: %(number)s. Codes that were there already stay as they are.", number=number)
    return see_other("office.carts.index", message=words)


@bp.post("/codes/<string:shop>/drop")
@requires("settings")
def drop_codes(shop: str) -> Response:
    """Forget a shop's codes that nobody was shown."""
    found = tenants.shop(shop)
    if found is None:
        raise NotFound
    number = service.drop_codes(found.id)
    return see_other("office.carts.index", message=_("Forgotten: %(number)s.", number=number))


def _page(
    form: SettingsForm | None = None, codes: CodesForm | None = None, status: int = 200
) -> Response:
    said, shops = queries.settings(), {shop.id: shop for shop in tenants.shops()}
    places = _places({number: shop.name or shop.domain for number, shop in shops.items()})
    return page(
        "carts/office/index.html",
        status=status,
        form=form or SettingsForm.of(said),
        said=said,
        common=_common(),
        places=places,
        codes_form=codes or _codes_form(empty=True),
        stocks=[(shops[stock.shop_id], stock) for stock in queries.stocks()],
        own=_own_codes(),
        script=public_address(f"/w/{g.tenant.slug}.js"),
        fates=_fates(),
    )


def _codes_form(*, empty: bool = False) -> CodesForm:
    form = CodesForm(formdata=None) if empty else CodesForm()
    form.shop.choices = [(s.public_id, s.name or s.domain) for s in tenants.shops()]
    return form


def _common() -> list[Finding]:
    """Return what every shop needs, and rules of bonuses that look at coupons."""
    found = [
        Finding(
            bool(tenants.setting("loyalty")),
            _("Bonuses are switched on"),
            _("Switch them on in the program."),
            _at("office.bonuses.program"),
        ),
        Finding(
            not tenants.in_shadow(),
            _("The program is live"),
            _("Nothing is spent before the shadow month is over."),
        ),
        Finding(
            any(key.seen_at for key in widget_keys()),
            _("A page of the shop shows the widget"),
            _("Put the two lines into the cart's page."),
            _at("office.widget.index"),
        ),
    ]
    for rule in profiles.all_rules():
        if rule.state == "published" and any(fact in str(rule.draft) for fact in RULES):
            title = _("The rule “%(name)s” looks at coupons", name=rule.name)
            mending = _("A code for bonuses is no coupon to it: the order counts as one without.")
            found.append(Finding(None, title, mending))
    return found


def _at(endpoint: str) -> str | None:
    return url_for(endpoint) if allowed(endpoint) else None


def _places(names: dict[int, str]) -> list[Place]:
    checks = queries.checks()
    return [
        Place(each, names.get(each.shop_id, ""), _findings(each, checks.get(each.id)), checks.get(each.id))
        for each in carts.shops()
    ]  # fmt: skip


def _findings(connection: Connection, check: CartCheck | None) -> list[Finding]:
    problem = connection.health.get("problem")
    found = [
        Finding(
            not problem,
            _("The shop answers us"),
            connections.words_of(problem, connection.kind) if problem else "",
        )
    ]
    if check is None or check.tried_at is None:
        return [
            *found,
            Finding(None, _("No trial yet"), _("Press Make a trial: it takes a moment.")),
        ]
    for word in check.found.split():
        if word in BLOCKERS:
            stops, title, mending = BLOCKERS[word]
            found.append(Finding(False if stops else None, title, mending))
    trial = check.trial or "ok"
    if trial in TRIALS:
        found.append(Finding(trial == "ok", TRIALS[trial]))
    else:
        words = connections.words_of(trial, connection.kind)
        found.append(Finding(good=False, title=_("The shop made no code"), mending=words))
    return found


def _own_codes() -> Finding:
    """Say whether an order with a code of the shop's own came through with the right sum."""
    seen = [
        row
        for row, _who, _hold in queries.shown(200)
        if row.connection_id is None and row.order_key
    ]
    if not seen:
        words = _("Order something with one of them, and come back.")
        return Finding(None, _("No order with such a code has come yet"), words)
    wrong = {"less", "more"} & set((seen[0].odd or "").split())
    if wrong:
        words = _(
            "Look at what its rule takes off, and whether other discounts or conditions are on it."
        )
        title = _("The latest order with such a code had another sum off")
        return Finding(good=False, title=title, mending=words)
    title = _("The latest order with such a code had just its sum off")
    return Finding(good=True, title=title)


def _fates() -> list[Fate]:
    rows = queries.shown()
    return [
        Fate(
            row,
            who.removeprefix("id:"),
            STATES[row.state],
            TONES.get(row.state, "quiet"),
            odd_words(row.odd),
            _problem(row.problem),
        )
        for row, who, _hold in rows
    ]


def _problem(code: str | None) -> str:
    if code is None:
        return ""
    told = {
        "interrupted": _("We were interrupted while the shop was asked."),
        "away": _("The shop did not answer in time; the customer was told."),
        "busy": _("The shop was busy; the customer was told."),
    }
    if code in told:
        return str(told[code])
    return str(connections.words_of(code))
