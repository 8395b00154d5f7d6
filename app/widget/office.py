"""The back office: bonuses in the shop step by step, the secrets of the widget, and how it looks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, render_template, request, url_for
from flask_babel import gettext as _

from app import clock
from app.calls import service as keep
from app.errors import DomainError, NotFound
from app.installation import public_address
from app.site.access import allowed, requires
from app.site.people import freshly
from app.tenants import queries as tenants
from app.tenants import service as tenant_service
from app.web.locale import LOCALES, select_locale
from app.web.pages import page, see_other
from app.widget import queries, service
from app.widget.forms import KeyForm, LookForm, pale, words_of
from app.widget.rules import Look

if TYPE_CHECKING:
    from flask import Response

    from app.tenants.models import Shop

bp = Blueprint("widget", __name__, url_prefix="/in-the-shop")

SAMPLE: dict[str, Any] = {
    "available": "1250.00",
    "pending": "90.00",
    "debt": "0.00",
    "history": (("earned", "90.00", 1), ("spent", "-200.00", 9), ("earned", "1360.00", 30)),
    "quote": {"total": "2990.00", "max_spend": "1250.00", "spend": "500.00", "earn": "74.70", "payable": "2490.00"},
}  # fmt: skip
CUSTOMER = "trial-1"


@dataclass(frozen=True)
class Step:
    """One step on the way, and whether we saw it done."""

    title: str
    done: bool
    place: str | None = None  # where it is done, if that is another page that the reader may open


@bp.get("/")
@requires("keys")
def index() -> Response:
    """Walk through what a shop needs for bonuses alone: key, customer, quote, line, token, order."""
    keep.fetch()
    return _index()


@bp.post("/try")
@requires("keys")
@freshly
def try_out() -> Response:
    """Make a key of the shop for bonuses, and show the calls with it: it is told in this answer alone."""
    shop = _first()
    kind = "test" if g.tenant.twin_of else "live"
    made = tenant_service.make_key(shop.id, _("Bonuses"), ["orders"], kind)
    return _index(api_key=made.secret)


@bp.post("/secrets")
@requires("keys")
@freshly
def make_secret() -> Response:
    """Make a secret by which a shop says who is signed in; it is told in this answer alone."""
    form = _key_form()
    if not form.validate_on_submit():
        return _index(form=form, status=422)
    shop = tenants.shop(form.shop.data)
    if shop is None:
        raise NotFound
    try:
        key, secret = service.make_key(shop.id)
    except DomainError as error:
        form.tell(error)
        return _index(form=form, status=error.status)
    return _index(key=key.public_id, secret=secret)


@bp.post("/secrets/<string:key>/withdraw")
@requires("keys")
@freshly
def withdraw_secret(key: str) -> Response:
    """Let nothing more be signed with a secret."""
    service.withdraw_key(key)
    return see_other("office.widget.index", message=_("The secret is withdrawn."))


@bp.get("/look")
@requires("settings")
def look() -> Response:
    """Show how the widget looks, at a phone's width and at a desk's."""
    wanted = request.args.get("language", "")
    language = wanted if wanted in LOCALES else select_locale()
    return _look(LookForm.of(queries.look(), language))


@bp.post("/look")
@requires("settings")
def save_look() -> Response:
    """Let it look so from now on; pages of the shop follow within minutes."""
    form = LookForm()
    if not form.validate_on_submit():
        return _look(form, 422)
    try:
        now = service.change_look(form.said(queries.look()))
    except DomainError as error:
        form.tell(error)
        return _look(form, error.status)
    hard = pale(now)
    words = _("Saved. Pages of the shop follow within five minutes.")
    if hard:
        words = _("Saved, though hard to read: %(names)s.", names=", ".join(hard))
    return see_other("office.widget.look", message=words, language=form.language.data)


@bp.post("/look/reset")
@requires("settings")
def reset_look() -> Response:
    """Let it look as we made it."""
    service.change_look({})
    return see_other("office.widget.look", message=_("The widget looks as it did at first."))


def _index(
    *,
    form: KeyForm | None = None,
    api_key: str = "",
    key: str = "",
    secret: str = "",
    status: int = 200,
) -> Response:
    steps = _steps()
    return page(
        "widget/office/index.html",
        "_steps.html",
        status=status,
        steps=steps,
        waits=not all(step.done for step in steps),
        form=form or _key_form(),
        keys=queries.keys(),
        shops={shop.id: shop for shop in tenants.shops()},
        api_key=api_key,
        calls=_calls(api_key or ("sk_test_…" if g.tenant.twin_of else "sk_live_…")),
        secret=secret,
        script=public_address(f"/w/{g.tenant.slug}.js"),
        codes=[
            (title, render_template(f"widget/code/token.{kind}", key=key or "wk_…", secret=secret or "ws_…"))
            for title, kind in (("PHP", "php"), ("Python", "python"), ("JavaScript", "node"))
        ],
    )  # fmt: skip


def _steps() -> list[Step]:
    """Return the steps in their order: what is done is seen, not said."""
    seen, keys = queries.seen(), queries.keys()
    return [
        Step(_("Bonuses are switched on"), bool(tenants.setting("loyalty")), _at("office.bonuses.program")),
        Step(_("The shop has a key"), seen.key, _at("office.tenants.keys")),
        Step(_("A customer is known"), seen.customer, _at("office.members.index")),
        Step(_("The first cart was quoted"), seen.quote, _at("office.calls.index")),
        Step(_("The shop has a secret to sign with"), bool(keys)),
        Step(_("A page of the shop showed the widget"), any(key.seen_at for key in keys)),
        Step(_("An order was paid with bonuses"), seen.order, _at("office.bonuses.transactions")),
    ]  # fmt: skip


def _at(endpoint: str) -> str | None:
    return url_for(endpoint) if allowed(endpoint) else None


def _calls(api_key: str) -> list[tuple[str, str]]:
    """Return the calls of a shop that uses bonuses alone, as they are pasted into a shell."""
    there = public_address("/api/v1")

    def curl(method: str, path: str, body: dict[str, Any]) -> str:
        head = f"curl -sS -X {method} '{there}/{path}' -H 'Authorization: Bearer {api_key}'"
        return f"{head} -H 'Content-Type: application/json' -d '{json.dumps(body)}'"

    lines = [{"id": "1", "product": "lamp-1", "quantity": "1", "price": "990.00"}]
    now = clock.now().isoformat(timespec="seconds")
    order = {"status": "new", "currency": g.tenant.currency, "created_at": now, "customer": {"id": CUSTOMER},
             "lines": lines, "bonus": {"spend": "50.00"}}  # fmt: skip
    return [
        (_("A customer of the shop"), curl("PUT", f"members/{CUSTOMER}", {"name": "Trial"})),
        (_("His first bonuses"), curl("POST", "bonuses", {"member": CUSTOMER, "amount": "100.00", "reason": "Trial"})),
        (_("What of a cart they pay"), curl("POST", "quotes", {"member": CUSTOMER, "lines": lines, "spend": "50.00"})),
        (_("The order that spends them"), curl("PUT", "orders/trial-1", order)),
    ]  # fmt: skip


def _look(form: LookForm, status: int = 200) -> Response:
    now = queries.look()
    return page(
        "widget/office/look.html",
        status=status,
        form=form,
        pale=pale(now),
        sample=_sample(),
        words={code: words_of(Look(), code) for code in LOCALES},
        currency=g.tenant.currency,
    )


def _sample() -> dict[str, Any]:
    now = clock.now()
    history = [
        {"kind": kind, "amount": amount, "at": (now - timedelta(days=days)).isoformat()}
        for kind, amount, days in SAMPLE["history"]
    ]
    ends = {"at": (now + timedelta(days=12)).isoformat(), "amount": "200.00"}
    why = [_("You can spend all that you have."), _("Delivery is paid in money.")]
    return SAMPLE | {
        "history": history,
        "next_expiry": ends,
        "quote": SAMPLE["quote"] | {"why": why},
    }


def _first() -> Shop:
    found = next(iter(tenants.shops()), None)
    if found is None:
        raise NotFound
    return found


def _key_form() -> KeyForm:
    form = KeyForm()
    form.shop.choices = [(shop.public_id, shop.name or shop.domain) for shop in tenants.shops()]
    return form
