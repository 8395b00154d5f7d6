"""WooCommerce: REST v3 and its webhooks. `reading` proves and reads, `asking` and `telling` call the shop."""

from __future__ import annotations

from app.intake.shops.woocommerce.asking import changed_since, existing, fetch, history
from app.intake.shops.woocommerce.blocking import blockers
from app.intake.shops.woocommerce.reading import (
    CLICK,
    CODE,
    ENTRY,
    is_ping,
    kind,
    parse,
    topic,
    verify,
    words,
)
from app.intake.shops.woocommerce.shelf import products
from app.intake.shops.woocommerce.telling import (
    drop_coupon,
    ensure_setup,
    health,
    put_coupon,
    read_card,
    stop_coupon,
    write_card,
    write_member_group,
)

__all__ = [
    "CLICK",
    "CODE",
    "ENTRY",
    "blockers",
    "changed_since",
    "drop_coupon",
    "ensure_setup",
    "existing",
    "fetch",
    "health",
    "history",
    "is_ping",
    "kind",
    "parse",
    "products",
    "put_coupon",
    "read_card",
    "stop_coupon",
    "topic",
    "verify",
    "words",
    "write_card",
    "write_member_group",
]
