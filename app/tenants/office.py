"""The back office: brand, shops, attribution, payout rules, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request
from flask_babel import gettext as _

from app.clock import now
from app.commissions.queries.caps import cap_counters
from app.commissions.rules import month_of
from app.errors import DomainError, NotFound
from app.identity.queries import people
from app.installation import settings
from app.money import Money
from app.orders.queries import unexplained
from app.partners.queries import cards
from app.programs.queries import all_terms, conditions
from app.reports.queries import activity_of
from app.reruns.forms import WordsForm
from app.site.access import requires
from app.site.people import freshly
from app.tenants import queries, service
from app.tenants.forms import (
    SCOPE_NAMES,
    STATE_NAMES,
    AttributionForm,
    BrandForm,
    CapsForm,
    EarningForm,
    KeyForm,
    PayoutRulesForm,
    ShopForm,
)
from app.tenants.rules import CAPS, DEFAULT_WORDS, STATES, TEST_SUFFIX
from app.web.colour import ENOUGH, contrast, parse
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from app.tenants.models import Shop
    from app.web.forms import Form

bp = Blueprint("tenants", __name__, url_prefix="/settings")
WHITE = (255, 255, 255)
BLANK_ROWS = 3
EARNING = ("promotional", "foreign_coupons", "first_orders", "cashback", "compression")
ATTRIBUTION = (
    "window_days",
    "click",
    "conflict",
    "lifetime",
    "existing",
    "foreign_code",
    "registration",
)


@bp.get("/brand")
@requires("settings")
def brand() -> Response:
    accent = g.tenant.brand.get("accent")
    form = BrandForm(name=g.tenant.name, accent=accent or "#1f6f54", own_accent=accent is not None)
    return _brand(form)


@bp.post("/brand")
@requires("settings")
def save_brand() -> Response:
    form = BrandForm()
    if not form.validate_on_submit():
        return _brand(form, 422)
    accent = form.accent.data.lower() if form.own_accent.data else None
    service.change_brand(g.tenant, name=form.name.data, accent=accent)
    return see_other("office.tenants.brand", message=_("Saved."))


@bp.get("/shops/")
@requires("settings")
def shops() -> Response:
    return page("tenants/office/shops.html", shops=queries.shops())


@bp.get("/shops/new")
@requires("settings")
def new_shop() -> Response:
    return _shop(ShopForm(timezone=g.tenant.timezone), None, DEFAULT_WORDS)


@bp.post("/shops/new")
@requires("settings")
def open_shop() -> Response:
    form = ShopForm()
    if form.validate_on_submit():
        try:
            place = service.read_place(form.domain.data or "", form.path.data or "/")
            shop = service.open_shop(form.name.data, place, form.timezone.data)
            service.change_shop(shop, words=_words())
        except DomainError as error:
            _complain(form, error)
        else:
            return see_other("office.tenants.shops", message=_("The shop is open."))
    return _shop(form, None, _words(), 422)


@bp.get("/shops/<string:shop_id>")
@requires("settings")
def shop(shop_id: str) -> Response:
    found = _found(shop_id)
    return _shop(ShopForm(obj=found), found, queries.words(found.id).words)


@bp.post("/shops/<string:shop_id>")
@requires("settings")
def save_shop(shop_id: str) -> Response:
    found, form = _found(shop_id), ShopForm()
    if form.validate_on_submit():
        try:
            place = service.read_place(form.domain.data or "", form.path.data or "/")
            before = queries.words(found.id).version
            service.change_shop(
                found, name=form.name.data, place=place, timezone=form.timezone.data, words=_words()
            )
        except DomainError as error:
            _complain(form, error)
        else:
            same = queries.words(found.id).version == before
            told = _("Saved.") if same else _("Saved. The words hold for messages that come later.")
            return see_other("office.tenants.shop", shop_id=shop_id, message=told)
    return _shop(form, found, _words(), 422)


@bp.get("/attribution")
@requires("settings")
def attribution() -> Response:
    known = queries.settings()
    form = AttributionForm(
        data={
            **{name: known[name] for name in ATTRIBUTION},
            "parameters": ", ".join(known["parameters"]),
        }
    )
    return page("tenants/office/attribution.html", form=form)


@bp.post("/attribution")
@requires("settings")
def save_attribution() -> Response:
    form = AttributionForm()
    if not form.validate_on_submit():
        return page("tenants/office/attribution.html", form=form, status=422)
    changes = {name: form[name].data for name in ATTRIBUTION} | {"parameters": form.names}
    service.change_settings(changes)
    return see_other(
        "office.tenants.attribution", message=_("Saved. It holds for orders from now on.")
    )


@bp.get("/earning")
@requires("settings")
def earning() -> Response:
    known = queries.settings()
    said = {name: known[name] for name in EARNING}
    coupons = "\n".join(known["allowed_coupons"])
    form = EarningForm(formdata=None, data=said | {"allowed_coupons": coupons})
    return _earning(form, cashback=known["cashback"])


@bp.post("/earning")
@requires("settings")
def save_earning() -> Response:
    form = EarningForm()
    if not form.validate_on_submit():
        return _earning(form, 422)
    said = {name: form[name].data for name in EARNING}
    service.change_settings(said | {"allowed_coupons": form.coupons})
    return see_other("office.tenants.earning", message=_("Saved. It holds for orders from now on."))


def _earning(form: EarningForm, status: int = 200, *, cashback: bool = False) -> Response:
    """Show the form; with cashback on, also which terms name no rate for it."""
    found = all_terms() if cashback else ()
    now = conditions([terms.id for terms in found])
    without = [terms for terms in found if now[terms.id].cashback_rate is None]
    return page(
        "tenants/office/earning.html",
        status=status,
        form=form,
        without=without,
        none_at_all=len(without) == len(found),
    )


@bp.get("/caps")
@requires("settings")
def caps() -> Response:
    known, unit = queries.settings(), g.tenant.currency
    sums = {n: None if known[n] is None else Money(known[n], unit) for n in CAPS}
    form = CapsForm(formdata=None, data=sums | {"over_cap": known["over_cap"]})
    return _caps(form)


@bp.post("/caps")
@requires("settings")
def save_caps() -> Response:
    form = CapsForm()
    if not form.validate_on_submit():
        return _caps(form, 422)
    service.change_settings(form.said)
    return see_other("office.tenants.caps", message=_("Saved. It holds for orders from now on."))


@bp.get("/payouts")
@requires("settings")
def payouts() -> Response:
    known = queries.settings()
    minimum = Money(known["minimum_payout"], g.tenant.currency)
    return page(
        "tenants/office/payouts.html",
        form=PayoutRulesForm(data={"hold_days": known["hold_days"], "minimum_payout": minimum}),
    )


@bp.post("/payouts")
@requires("settings")
def save_payouts() -> Response:
    form = PayoutRulesForm()
    if not form.validate_on_submit():
        return page("tenants/office/payouts.html", form=form, status=422)
    service.change_settings(
        {"hold_days": form.hold_days.data, "minimum_payout": form.minimum_payout.data.minor}
    )
    return see_other("office.tenants.payouts", message=_("Saved. It holds for orders from now on."))


@bp.get("/keys/")
@requires("keys")
def keys() -> Response:
    return _keys(_key_form())


@bp.post("/keys/")
@requires("keys")
@freshly
def make_key() -> Response:
    form = _key_form()
    if not form.validate_on_submit():
        return _keys(form, status=422)
    kind = "test" if g.tenant.twin_of else "live"
    made = service.make_key(_found(form.shop.data).id, form.name.data, form.scopes.data, kind)
    # No redirect: the key is told in this answer and in no other place.
    return page(
        "tenants/office/key.html",
        key=made.key,
        secret=made.secret,
        public_url=settings().public_url,
    )


@bp.post("/keys/<int:key_id>/revoke")
@requires("keys")
@freshly
def revoke_key(key_id: int) -> Response:
    key = service.revoke_key(key_id)
    return see_other("office.tenants.keys", message=_("%(name)s is revoked.", name=key.name))


@bp.post("/shops/<string:shop_id>/former/<int:place>/forget")
@requires("settings")
def forget_place(shop_id: str, place: int) -> Response:
    service.forget_domain(_found(shop_id), place)
    return see_other(
        "office.tenants.shop", shop_id=shop_id, message=_("The former address counts no more.")
    )


def _caps(form: CapsForm, status: int = 200) -> Response:
    """Show the caps, with how much of them this month has taken."""
    counters = cap_counters(month_of(now(), ZoneInfo(g.tenant.timezone)))
    partners = {each.owner for each in counters if each.kind == "partner"}
    names = {("partner", i): card.name for i, card in cards(partners).items()}
    names |= {("terms", terms.id): terms.name for terms in all_terms()}
    return page(
        "tenants/office/caps.html", status=status, form=form, counters=counters, names=names
    )


def _brand(form: BrandForm, status: int = 200) -> Response:
    accent = g.tenant.brand.get("accent")
    pale = accent is not None and contrast(parse(accent), WHITE) < ENOUGH
    return page("tenants/office/brand.html", form=form, pale=pale, status=status)


def _found(shop_id: str) -> Shop:
    found = queries.shop(shop_id)
    if found is None:
        raise NotFound
    return found


def _words() -> dict[str, str]:
    """Return the rows of the status map that were filled in."""
    rows = zip(request.form.getlist("word"), request.form.getlist("state"), strict=False)
    return {word.strip(): state for word, state in rows if word.strip() and state}


def _by_state(row: tuple[str, str]) -> tuple[int, str]:
    word, state = row
    return (STATES.index(state) if state in STATES else len(STATES)), word


def _complain(form: Form, error: DomainError) -> None:
    for each in error.errors:
        form.complain(each.field, each.message)
    if not error.errors and error.message:
        form.complain("", error.message)


def _shop(form: ShopForm, found: Shop | None, words: dict[str, str], status: int = 200) -> Response:
    asked = unexplained().get(found.id, []) if found is not None else []
    unknown = [(word, "") for word in asked if word not in words]
    return page(
        "tenants/office/shop.html",
        status=status,
        form=form,
        shop=found,
        happened=activity_of(f"shop:{found.id}") if found is not None else None,
        words=[*sorted(words.items(), key=_by_state), *unknown, *[("", "registered")] * BLANK_ROWS],
        states=STATE_NAMES,
        former=queries.former_places([found.id]).get(found.id, []) if found is not None else [],
        older=WordsForm(formdata=None) if found is not None else None,
    )


def _key_form() -> KeyForm:
    form = KeyForm()
    form.shop.choices = [(shop.public_id, f"{shop.name} {shop.domain}") for shop in queries.shops()]
    return form


def _keys(form: KeyForm, status: int = 200) -> Response:
    keys = queries.keys()
    slug = g.tenant.slug.removesuffix(TEST_SUFFIX) if g.tenant.twin_of else g.tenant.slug
    return page(
        "tenants/office/keys.html",
        status=status,
        form=form,
        keys=keys,
        makers=people({number for key in keys for number in queries.maker_of(key)}),
        maker_of=queries.maker_of,
        scope_names=SCOPE_NAMES,
        live_slug=slug,
        test_slug=f"{slug}{TEST_SUFFIX}",
        public_url=settings().public_url,
    )
