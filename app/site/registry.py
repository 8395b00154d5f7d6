"""Which slices stand behind each door: one list a door, in the order of the house."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from app.site.access import KNOWN, Undeclared

if TYPE_CHECKING:
    from flask import Blueprint, Flask

SLICES: dict[str, tuple[str, ...]] = {
    "office": (
        "identity",
        "tenants",
        "calls",
        "partner_keys",
        "requisites",
        "sms",
        "telegram",
        "catalog",
        "members",
        "cards",
        "programs",
        "partners",
        "codes",
        "coupons",
        "links",
        "invitations",
        "verified_sites",
        "orders",
        "attribution",
        "creatives",
        "tokens",
        "commissions",
        "bonuses",
        "profiles",
        "ranks",
        "papers",
        "payouts",
        "wallet",
        "proofs",
        "statements",
        "documents",
        "periods",
        "billing",
        "tariffs",
        "settlement",
        "liability",
        "calendars",
        "widget",
        "carts",
        "withdrawals",
        "payruns",
        "registers",
        "intake",
        "network",
        "grades",
        "adjustments",
        "participation",
        "simulator",
        "tills",
        "trust",
        "digests",
        "notifications",
        "imports",
        "feeds",
        "mailings",
        "wordings",
        "webhooks",
        "lists",
        "runs",
        "reruns",
        "backtests",
        "margins",
        "shadow",
        "statistics",
        "onboarding",
        "help",
        "twin",
        "reports",
    ),
    "cabinet": (
        "identity",
        "telegram",
        "ledger",
        "proofs",
        "statements",
        "catalog",
        "partners",
        "codes",
        "links",
        "verified_sites",
        "orders",
        "creatives",
        "commissions",
        "bonuses",
        "ranks",
        "papers",
        "conversions",
        "withdrawals",
        "payouts",
        "documents",
        "calendars",
        "participation",
        "postbacks",
        "partner_keys",
        "network",
        "trust",
        "statistics",
        "notifications",
        "help",
        "reports",
    ),
    "public": (
        "identity",
        "cards",
        "telegram",
        "partners",
        "participation",
        "codes",
        "coupons",
        "links",
        "invitations",
        "attribution",
        "creatives",
        "commissions",
        "billing",
        "calendars",
        "intake",
        "notifications",
        "proofs",
        "onboarding",
        "payouts",
        "widget",
        "carts",
        "passes",
    ),
    "platform": (
        "tenants",
        "billing",
        "tariffs",
        "settlement",
        "notifications",
        "onboarding",
        "help",
        "reports",
    ),
    "api": (
        "ledger",
        "tenants",
        "catalog",
        "feeds",
        "cards",
        "members",
        "programs",
        "partners",
        "passes",
        "codes",
        "coupons",
        "links",
        "orders",
        "attribution",
        "creatives",
        "commissions",
        "bonuses",
        "checkout",
        "conversions",
        "earnings",
        "payouts",
        "intake",
        "network",
        "simulator",
        "tills",
        "trust",
        "webhooks",
        "events",
        "partner_keys",
        "onboarding",
    ),
}


def blueprints(door: str) -> list[Blueprint]:
    """Return the routes of every slice that has some behind this door: `bp` in app/<slice>/<door>.py."""
    found = []
    for name in SLICES[door]:
        module = f"app.{name}.{door}"
        if find_spec(f"app.{name}") is not None and find_spec(module) is not None:
            found.append(import_module(module).bp)
    return found


def check(app: Flask) -> None:
    """Refuse to start when a view behind a door does not declare who may call it. Raises Undeclared."""
    for endpoint, view in app.view_functions.items():
        door = endpoint.partition(".")[0]
        if door not in KNOWN:
            continue
        permission = getattr(view, "permission", None)
        if permission not in KNOWN[door]:
            message = f"{endpoint} requires {permission!r}, which the door {door} does not know."
            raise Undeclared(message)
