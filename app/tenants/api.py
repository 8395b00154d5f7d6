"""The merchant's settings and shops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g

from app.errors import DomainError, FieldError, NotFound
from app.money import MoneyError, parse_decimal, to_decimal_string
from app.profiles import service as profiles
from app.programs import queries as programs
from app.programs import service as programs_service
from app.settlement import service as settlement
from app.site.access import requires
from app.tenants import queries, service
from app.tenants.rules import CAPS, PURSE
from app.tenants.schemas import MerchantIn, MerchantOut, ShopIn, ShopList, ShopOut
from app.web.bodies import PageIn

if TYPE_CHECKING:
    from app.tenants.models import Shop

bp = APIBlueprint("tenants", __name__, tag="Merchant and shops")
ATTRIBUTION = (
    "window_days",
    "click",
    "conflict",
    "lifetime",
    "existing",
    "foreign_code",
    "parameters",
)
PLAIN = (
    "hold_days",
    "settlement",
    "fee_paid_by",
    "registration",
    "cashback",
    "loyalty",
    "compression",
    "promotional",
    "foreign_coupons",
    "first_coupons",
    "allowed_coupons",
    "first_orders",
    "mask_referred",
    "customer_group",
    "margin",
    "margin_stop",
    "partner_keys",
)


@bp.get("/merchant")
@bp.output(MerchantOut)
@requires("settings")
def merchant() -> dict[str, Any]:
    """Return the merchant's settings as they hold now."""
    return _merchant()


@bp.patch("/merchant")
@bp.input(MerchantIn)
@bp.output(MerchantOut)
@requires("settings")
def change_merchant(json_data: MerchantIn) -> dict[str, Any]:
    """Change what is given; it holds for orders made from now on."""
    said = json_data.model_dump(exclude_unset=True, exclude_none=True)
    changes = {name: said[name] for name in PLAIN if name in said}
    changes |= said.get("attribution", {})
    changes |= _caps(json_data) | _opened(json_data) | _purse(json_data)
    if "minimum_payout" in said:
        changes["minimum_payout"] = _sum("minimum_payout", said["minimum_payout"])
    service.change_settings(changes)
    if changes.get("loyalty"):
        profiles.begin()  # a program that is switched on for the first time earns
    if changes.get("settlement") == "platform":
        settlement.open_balance()
    if "name" in said:
        service.change_brand(g.tenant, name=said["name"], accent=g.tenant.brand.get("accent"))
    if json_data.levels is not None:
        programs_service.change_terms(programs.base_terms(), levels=json_data.levels)
    return _merchant()


@bp.get("/shops")
@bp.input(PageIn, location="query")
@bp.output(ShopList)
@requires("settings")
def shops(query_data: PageIn) -> dict[str, Any]:
    """List the merchant's shops, oldest first."""
    edge = query_data.before or 0
    later = [shop for shop in queries.shops() if shop.id > edge]
    found = later[: query_data.limit]
    words = queries.maps(shop.id for shop in found)
    following = str(found[-1].id) if len(later) > len(found) else None
    return {"items": [_shop(shop, words[shop.id]) for shop in found], "next": following}


@bp.get("/shops/<string:shop_id>")
@bp.output(ShopOut)
@requires("settings")
def show_shop(shop_id: str) -> dict[str, Any]:
    """Return a shop."""
    shop = _found(shop_id)
    return _shop(shop, queries.words(shop.id).words)


@bp.put("/shops/<string:shop_id>")
@bp.input(ShopIn)
@bp.output(ShopOut)
@requires("settings")
def change_shop(shop_id: str, json_data: ShopIn) -> dict[str, Any]:
    """Change a shop; new words hold for later messages, older orders keep their state."""
    shop = _found(shop_id)
    domain = shop.domain if json_data.domain is None else json_data.domain
    path = shop.path if json_data.path is None else json_data.path
    service.change_shop(
        shop,
        name=json_data.name,
        place=service.read_place(domain, path),
        timezone=None if json_data.timezone is None else service.read_zone(json_data.timezone),
        words=json_data.statuses,
    )
    return _shop(shop, queries.words(shop.id).words)


def _merchant() -> dict[str, Any]:
    known = queries.settings()
    base = programs.base_terms()
    return {
        "id": g.tenant.public_id,
        "name": g.tenant.name,
        "slug": g.tenant.slug,
        "test": g.tenant.twin_of is not None,
        "currency": g.tenant.currency,
        "locale": g.tenant.locale,
        "timezone": g.tenant.timezone,
        "minimum_payout": to_decimal_string(known["minimum_payout"], g.tenant.currency),
        "attribution": {name: known[name] for name in ATTRIBUTION},
        "levels": programs.conditions([base.id])[base.id].levels,
        "caps": {name.removeprefix("cap_"): _written(known[name]) for name in CAPS}
        | {"over": known["over_cap"]},
        **{name: _written(known[name]) for name in PURSE},
        **{name: known[name] for name in PLAIN},
    }


def _written(minor: int | None) -> str | None:
    return None if minor is None else to_decimal_string(minor, g.tenant.currency)


def _caps(body: MerchantIn) -> dict[str, Any]:
    """Return the caps that are said, in minor units; null lifts one."""
    said = body.caps.model_dump(exclude_unset=True) if body.caps else {}
    changes: dict[str, Any] = {"over_cap": said.pop("over")} if "over" in said else {}
    for name, text in said.items():
        changes[f"cap_{name}"] = None if text is None else _sum(f"caps.{name}", text)
    return changes


def _opened(body: MerchantIn) -> dict[str, Any]:
    """Return what null takes away: the number of orders that earn, the customer group of partners."""
    names = ("first_orders", "customer_group")
    return {n: None for n in names if n in body.model_fields_set and getattr(body, n) is None}


def _purse(body: MerchantIn) -> dict[str, Any]:
    """Return the sums of settlement that are said, in minor units; null takes one away."""
    said = {name: getattr(body, name) for name in PURSE if name in body.model_fields_set}
    return {n: None if text is None else _sum(n, text) for n, text in said.items()}


def _shop(shop: Shop, words: dict[str, str]) -> dict[str, Any]:
    return {
        "id": shop.public_id,
        "name": shop.name,
        "domain": shop.domain,
        "path": shop.path,
        "timezone": shop.timezone,
        "statuses": words,
    }


def _found(shop_id: str) -> Shop:
    shop = queries.shop(shop_id)
    if shop is None:
        raise NotFound
    return shop


def _sum(field: str, text: str) -> int:
    try:
        return parse_decimal(text, g.tenant.currency)
    except MoneyError as error:
        message = f"This is no sum of money: {error.code}."
        raise DomainError("invalid", message, FieldError(field, message)) from error
