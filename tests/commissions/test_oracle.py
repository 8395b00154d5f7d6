"""The oracle: what people computed by hand, and what the product makes of the same messages."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from app import clock
from app.extensions import db
from app.money import to_decimal_string
from app.onboarding.service import create_merchant
from app.tenancy import tenant_scope
from tests.commissions.histories import History, Merchant, Said, moment, read
from tests.commissions.player import Player
from tests.harness import invariants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOUNDED = datetime(2026, 1, 1, 6, tzinfo=UTC)
HISTORIES = read()
LEAST = 80
# Anna brought Boris, Boris brought Vera.
CAST: list[dict[str, Any]] = [
    {"partner": {"name": "Anna"}},
    {"partner": {"name": "Boris", "under": "Anna"}},
    {"partner": {"name": "Vera", "under": "Boris"}},
]
Open = dict[Merchant, tuple[int, int, dict[str, int]]]  # tenant, shop, people


@pytest.fixture(scope="module")
def merchants(app: Any) -> Iterator[Open]:
    """Merchants by currency and zone, made when first needed; nothing is ever committed."""
    with app.app_context():
        yield {}
        db.session.rollback()
        db.session.remove()


@contextmanager
def player(merchants: Open, history: History) -> Iterator[Player]:
    """Stand in the merchant's scope; whatever the history does is undone."""
    if history.merchant not in merchants:
        merchants[history.merchant] = _found(history)
    tenant_id, shop_id, people = merchants[history.merchant]
    savepoint = db.session.begin_nested()
    with tenant_scope(tenant_id):
        try:
            yield Player(history, shop_id, FOUNDED, dict(people))
        finally:
            savepoint.rollback()
            db.session.expunge_all()


def _found(history: History) -> tuple[int, int, dict[str, int]]:
    """Make a merchant with three levels of 10, 5 and 1 percent, 14 days of hold, and the cast."""
    currency, zone = history.merchant.currency, history.merchant.zone
    slug = f"oracle-{currency.lower()}-{zone.rpartition('/')[2].lower().replace('_', '-')}"
    with clock.moved_to(FOUNDED):
        made = create_merchant(
            "Lampa", slug, f"owner@{slug}.example", currency, "en", zone, f"{slug}.example"
        )
        tenant_id, shop_id = made.tenant.id, made.shop.id
        with tenant_scope(tenant_id):
            told = Player(history, shop_id, FOUNDED)
            for step in ({"terms": {"levels": ["10%", "5%", "1%"]}}, *CAST):
                told.change_world(step)
    return tenant_id, shop_id, told.people


def as_told(told: Player) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Play world, messages and looks by their times; yield each look with what is seen."""
    history, time = told.history, told.history.merchant.time
    steps: list[tuple[datetime, int, Callable[[], None] | dict[str, Any]]] = [
        *((told.when(s), 0, lambda s=s: told.change_world(s)) for s in history.world),
        *((m.at, 1, lambda m=m: told.hear([m])) for m in history.messages),
        *((time(look["at"]), 2, look) for look in history.looks),
    ]
    for at, _, step in sorted(steps, key=lambda row: row[:2]):
        with clock.moved_to(at):
            if isinstance(step, dict):
                told.sweep()
                yield step, seen(told, step)
            else:
                step()


def shuffled(told: Player, chance: random.Random) -> dict[str, Any]:
    """Play all messages late, in no order, some of them twice, in batches; return what is seen."""
    history = told.history
    for step in sorted(history.world, key=told.when):
        told.change_world(step)
    messages = [*history.messages, *chance.choices(history.messages, k=3)]
    chance.shuffle(messages)
    with clock.moved_to(history.merchant.time(history.looks[-1]["at"])):
        while messages:
            many = chance.randint(1, 3)
            told.hear(messages[:many])
            messages = messages[many:]
        told.sweep()
        return seen(told, history.looks[-1])


def seen(told: Player, look: dict[str, Any]) -> dict[str, Any]:
    orders = [name for name in look["expect"] if name != "balances"]
    return {"balances": told.balances()} | {name: told.stands(name) for name in orders}


def differences(history: History, look: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Say what is not as it was computed."""
    wanted: dict[str, Any] = look["expect"]
    wrong = []
    for order, want in wanted.items():
        if order != "balances":
            pairs = _pairs(history, want, found[order])
            wrong += [f"{order} {n}: {w!r} is {g!r}" for n, (w, g) in pairs.items() if w != g]
    balances = wanted.get("balances") or _balances(history, wanted)
    if balances != found["balances"]:
        wrong.append(f"balances: {balances!r} are {found['balances']!r}")
    return wrong


def _pairs(history: History, want: dict[str, Any], got: dict[str, Any]) -> dict[str, Any]:
    """Return what was computed and what is, by name."""
    shares = want.get("shares", {})
    earning = {name: amount for name, amount in shares.items() if amount.strip("0.")}
    bucket = want.get("bucket")
    in_ledger = bucket in {"pending", "available"}
    pairs: dict[str, Any] = {
        "shares": (earning, got["shares"]),
        "buckets": ({bucket} if shares else got["buckets"], got["buckets"]),
        "booked": ({k: f"{v} {bucket}" for k, v in earning.items() if in_ledger}, got["booked"]),
        "reason": (want.get("reason", "none"), got["reason"]),
    }
    for name in ("cuts", "caps"):
        pairs[name] = (want.get(name, {}), got[name])
    for name in ("partner", "state", "terms"):
        pairs[name] = (want.get(name, got[name]), got[name])
    if "free" in want:
        free = want["free"]
        free = free if free == "none" else moment(history.merchant.time(free))
        pairs["free"] = (free, got["free"])
    for name in ("sources", "claims"):
        told = want.get(name, {})
        pairs[name] = (told, {key: got[name].get(key) for key in told})
    listed = sorted(shares)
    pairs["listed"] = (listed, [name for name in got["listed"] if name in shares])
    return pairs


def _balances(history: History, wanted: dict[str, Any]) -> dict[str, str]:
    """Add up the shares of all orders; expected ones are in no account."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for order in wanted.values():
        for name, amount in order.get("shares", {}).items():
            sums[name.partition(" ")[2]][order["bucket"]] += history.merchant.sum(amount)
    told = {}
    for name, own in sums.items():
        said = [(own[bucket], bucket) for bucket in ("pending", "available") if own[bucket]]
        if said:
            currency = history.merchant.currency
            told[name] = ", ".join(f"{to_decimal_string(n, currency)} {b}" for n, b in said)
    return told


@pytest.mark.parametrize("history", HISTORIES, ids=lambda h: f"{h.theme}: {h.name}")
def test_what_was_computed_by_hand_is_what_is_booked(merchants: Open, history: History) -> None:
    with player(merchants, history) as told:
        for look, found in as_told(told):
            wrong = differences(history, look, found)
            assert not wrong, "\n".join([look["at"], *wrong, history.sums])
        assert not invariants.broken()
    if history.ordered is None:
        with player(merchants, history) as told:
            found = shuffled(told, random.Random(history.name))  # noqa: S311
            wrong = differences(history, history.looks[-1], found)
            assert not wrong, "\n".join(["shuffled", *wrong, history.sums])


def test_the_oracle_is_large_and_says_how_each_sum_came_about() -> None:
    assert len(HISTORIES) >= LEAST
    assert len({(h.theme, h.name) for h in HISTORIES}) == len(HISTORIES)
    for history in HISTORIES:
        said = set(re.findall(r"\d+(?:\.\d+)?", history.sums))
        sums = {
            amount
            for look in history.looks
            for order, want in look["expect"].items()
            if order != "balances"
            for amount in want.get("shares", {}).values()
            if amount.strip("0.")
        }
        assert sums <= said, f"{history.theme}: {history.name} does not say {sorted(sums - said)}"


def test_every_order_of_a_history_is_looked_at() -> None:
    for history in HISTORIES:
        for look in history.looks:
            at = history.merchant.time(look["at"])
            told: set[Said | str] = {m.order for m in history.messages if m.at <= at}
            assert told == look["expect"].keys() - {"balances"}, (history.name, look["at"])
