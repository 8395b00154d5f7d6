"""A shop's pages that show the widget and the cabinet inside, at /dev/shop/. Not in production.

They stand on localhost while the product is on 127.0.0.1: two sites to a browser, as a real shop and we are.
What a shop's server does is done here by the same calls, with the demo's key.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, render_template, request
from sqlalchemy import select
from werkzeug.test import Client

from app import clock, crypto
from app.bonuses.models import Lot
from app.extensions import csrf, db
from app.installation import settings
from app.members.models import Member
from app.partners.models import Partner
from app.tenancy import public_id, tenant_scope
from app.tenants import queries as tenants
from app.web.pages import see_address
from app.widget import queries, service
from app.widget.rules import signed_token

if TYPE_CHECKING:
    from app.tenants.models import Tenant

blueprint = Blueprint("shop", __name__, url_prefix="/dev/shop")

GOODS = (
    ("lamp-1", "Lamp", "1990.00"),
    ("bulb-1", "Bulb", "290.00"),
    ("shade-1", "Shade", "890.00"),
)
LANGUAGES = ("en", "ru")
HOUR = timedelta(hours=1)


@blueprint.get("/")
def index() -> Response:
    """Show the cart and the account of a customer who has bonuses and is signed in."""
    base = settings().public_url
    if urlsplit(request.host_url).hostname != "localhost":
        home = Response("", 302)
        home.headers["Location"] = f"http://localhost:{settings().port}/dev/shop/"
        return home
    demo, merchant = _demo()
    slug, locale = merchant.slug, merchant.locale
    with tenant_scope(merchant.id, merchant.clock_offset):
        customer = _customer(demo)
        token = _token(customer) if customer else ""
        db.session.commit()
    page = Response(
        render_template(
            "dev/shop.html",
            base=base,
            slug=slug,
            lang=request.args.get("lang") if request.args.get("lang") in LANGUAGES else locale,
            languages=LANGUAGES,
            customer=customer.name if customer else None,
            token=token,
            goods=GOODS,
            frame=_frame(demo),
            said=request.args.get("said", "")[:100],
        )
    )
    page.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self' {base}; style-src 'self';"
        f" connect-src {base}; frame-src {base}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    return page


@blueprint.post("/order")
def order() -> Response:
    """Take the order as the shop's server does, with what the widget says of bonuses."""
    demo, merchant = _demo()
    currency = merchant.currency
    with tenant_scope(merchant.id, merchant.clock_offset):
        customer, now = _customer(demo), clock.now().isoformat()
    wanted = {name: request.form.get(name, "0") for name, _title, _price in GOODS}
    lines = [
        {"id": name, "product": name, "name": title, "quantity": wanted[name], "price": price}
        for name, title, price in GOODS
        if wanted[name] != "0"
    ]
    body = {
        "status": "paid", "currency": currency, "created_at": now, "lines": lines,
        "customer": {"id": customer.id if customer else None},
        "bonus": {"spend": request.form.get("partnerka_spend") or "0.00"},
    }  # fmt: skip
    status, told = _call("PUT", f"orders/{public_id('shop')}", demo, body)
    spent = (told.get("bonus") or {}).get("spent", "0.00")
    words = (
        f"Ordered, {spent} paid with bonuses." if status == 200 else f"Refused: {told['detail']}"
    )
    return see_address(f"/dev/shop/?said={words}")


csrf.exempt(order)  # a made-up shop that anybody may play in


def _demo() -> tuple[dict[str, Any], Tenant]:
    try:
        demo = json.loads((settings().var_dir / "demo.json").read_text())
    except (OSError, ValueError):
        abort(404)
    merchant = tenants.by_slug(demo["merchant"])
    return demo, merchant or abort(404)


class Customer(NamedTuple):
    """Who is signed in: by the shop's own id."""

    shop_id: int
    id: str
    name: str


def _customer(demo: dict[str, Any]) -> Customer | None:
    """Return somebody with something to spend: the partner whose cabinet is shown below, else who has most.

    One person is signed in to a shop: the cabinet and the bonuses are his.
    """
    partner = select(Partner.member_id).where(Partner.refcode == demo["cabinet"]["refcode"])
    same = (Member.tenant_id == Lot.tenant_id) & (Member.id == Lot.member_id)
    known = Lot.active & (Lot.remaining > 0) & Member.key.startswith("id:")
    query = select(Member).join(Lot, same).where(known)
    mine = (Member.id == partner.scalar_subquery()).desc().nulls_last()
    found = db.session.scalars(query.order_by(mine, Lot.amount.desc(), Lot.id).limit(1)).first()
    if found is None:
        return None
    name = found.key.removeprefix("id:")
    return Customer(found.shop_id, name, found.name or name)


def _token(customer: Customer) -> str:
    """Say who is signed in, with the shop's secret: the first one, made where there is none."""
    known = queries.keys()
    mine = next((each for each in known if each.shop_id == customer.shop_id), None)
    key = mine or service.make_key(customer.shop_id)[0]
    secret = crypto.open_sealed(key.secret)
    return signed_token(key.public_id, secret, customer.id, clock.wall() + HOUR)


def _frame(demo: dict[str, Any]) -> str | None:
    status, told = _call("POST", f"partners/{demo['cabinet']['refcode']}/session", demo)
    return str(told["frame_url"]) if status == 201 else None


def _call(
    method: str, path: str, demo: dict[str, Any], body: dict[str, Any] | None = None
) -> tuple[int, dict[str, Any]]:
    """Call the product as another program does, outside this request's transaction."""
    db.session.rollback()
    program = Client(current_app._get_current_object())  # type: ignore[attr-defined] # noqa: SLF001
    headers = {"Authorization": f"Bearer {demo['api_key']}"}
    answer = program.open(f"/api/v1/{path}", method=method, json=body or {}, headers=headers)
    return answer.status_code, answer.get_json() or {}
