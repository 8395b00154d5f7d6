"""What can be measured: a name for --only, and what makes its trials on a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import bonuses, clicks, feeds, imports, orders, payruns, rules, tables

if TYPE_CHECKING:
    from bench.trial import Maker

BENCHES: dict[str, Maker] = {
    "redirect": clicks.redirect,
    "hit": clicks.hit,
    "orders": orders.orders,
    "rules": rules.rules,
    "tables": tables.tables,
    "payruns": payruns.payruns,
    "import": imports.imports,
    "feed": feeds.feeds,
    "expiry": bonuses.expiry,
    "script": clicks.script,
    "memory": clicks.memory,
}
# Parts of the above, to be asked for by name.
PARTS: dict[str, Maker] = {
    "hook": orders.hook,
    "put": orders.put,
    "put-loyalty": orders.put_loyalty,
    "inbox": orders.inbox,
}
