"""What of a PrestaShop's own settings stands in the way of coupons for bonuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.intake.shops import ShopError
from app.intake.shops.prestashop.client import read
from app.intake.shops.prestashop.health import health
from app.intake.shops.prestashop.shapes import flag, rows, words

if TYPE_CHECKING:
    from app.intake.shops import Access

FEATURE = "PS_CART_RULE_FEATURE_ACTIVE"
SEVERAL = "PS_CART_RULE_ALLOW_MULTIPLE_CODES"  # new shops of version 9.2 say no


def blockers(access: Access, currency: str) -> list[str]:
    """Return words of what would keep a coupon from being taken, or from being worth its sum."""
    found = []
    said = health(access)
    if any(word.startswith("cart_rules (") for word in said.get("lacking", ())):
        found.append("rights")
    if said.get("currency") and said["currency"] != currency:
        found.append("other_currency")
    query = {"filter[name]": f"[{FEATURE}|{SEVERAL}]", "display": "[name,value]"}
    try:
        listed = rows(read(access, "configurations", query).said, "configurations", "configuration")
    except ShopError as error:
        if error.code != "rights":
            raise
        return [*found, "settings_hidden"]
    for name, blocker in ((FEATURE, "rules_off"), (SEVERAL, "one_code")):
        values = [each.get("value") for each in listed if words(each.get("name")) == name]
        if values and not flag(values[0]):
            found.append(blocker)
    asked = {"filter[cart_rule_restriction]": "[1]", "filter[active]": "[1]", "display": "full"}
    rules = rows(read(access, "cart_rules", asked).said, "cart_rules", "cart_rule")
    if any(flag(each.get("cart_rule_restriction")) for each in rules):
        found.append("loners")
    return found
