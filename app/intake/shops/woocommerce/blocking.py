"""What of a WooCommerce shop's own settings stands in the way of coupons for bonuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.intake.shops import ShopError
from app.intake.shops.woocommerce.client import call, rows
from app.intake.shops.woocommerce.telling import OURS

if TYPE_CHECKING:
    from app.intake.shops import Access

_LOOKED_THROUGH = "100"  # of the shop's newest coupons


def blockers(access: Access, currency: str) -> list[str]:
    """Return words of what would keep a coupon from being taken, or from being worth its sum."""
    found = []
    try:
        if _option(access, "general/woocommerce_enable_coupons") == "no":
            found.append("coupons_off")
        taxed = _option(access, "general/woocommerce_calc_taxes") == "yes"
        if taxed and _option(access, "tax/woocommerce_prices_include_tax") == "no":
            found.append("tax_on_top")
    except ShopError as error:
        if error.code not in {"rights", "gone", "refused"}:
            raise
        found.append("settings_hidden")
    said = call(access, "GET", "data/currencies/current", {"_fields": "code"}).said
    if isinstance(said, dict) and said.get("code") and said["code"] != currency:
        found.append("other_currency")
    listed = call(access, "GET", "coupons", {"per_page": _LOOKED_THROUGH}).said
    if any(
        each.get("individual_use")
        and not any(m.get("key") == OURS for m in each.get("meta_data") or ())
        for each in rows(listed)
    ):
        found.append("loners")
    return found


def _option(access: Access, name: str) -> str:
    said = call(access, "GET", f"settings/{name}").said
    return str(said.get("value", "")) if isinstance(said, dict) else ""
