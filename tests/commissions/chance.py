"""Random merchants and random histories of a few customers, with every rule in play."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app import clock
from app.catalog import service as catalog
from app.fraud import service as fraud
from app.fraud.rules import Policy, Sign, Word
from app.installation import settings
from app.links.rules import click_key, milliseconds_of, seal_click
from app.links.service import ensure_default
from app.orders.rules import Customer, Line, PartnerData, Refund, RefundLine, Snapshot, problems
from app.partners import queries as partners
from app.partners import service as partnering
from app.programs import queries as programs
from app.programs import service as programming
from app.tenancy import current_tenant
from app.tenants.service import change_settings
from tests.intake.scene import FOUNDED, NOON

if TYPE_CHECKING:
    import random

    from tests.intake.scene import Scene

Said = tuple[str, Snapshot]
DAY = timedelta(days=1)
BUYERS = (
    Customer(id="77", email="gleb@example.org", group="Retail"),
    Customer(id="77", email="gleb@example.org", group="Wholesale"),
    Customer(email="GLEB@example.org"),
    Customer(id="88", email="gleb@example.org"),  # another account with the same e-mail
    Customer(id="78", email="dina@example.org"),
    Customer(id="0", phone="8 (916) 123-45-67"),
    Customer(id="5", email="vera@example.org"),  # a partner herself
    Customer(),
)
STATES = ("new", "paid", "paid", "completed", "completed", "completed", "cancelled", "refunded")
RATES = ("10%", "5%", "1%", "0%", "60%", "33.33%", "40.00", "7.77", None)
SETTINGS: dict[str, tuple[Any, ...]] = {
    "window_days": (90, 2),
    "click": ("last", "first"),
    "conflict": ("code", "link"),
    "lifetime": (True, True, False),
    "existing": ("attract", "ignore"),
    "foreign_code": ("order", "rebind", "ignore"),
    "cashback": (False, True),
    "compression": (False, True),
    "promotional": (True, False),
    "foreign_coupons": (True, True, False),
    "allowed_coupons": ([], ["spring"]),
    "first_orders": (None, 1, 2),
    "cap_order": (None, None, 20000),
    "cap_customer": (None, None, 30000),
    "cap_partner": (None, 15000),
    "cap_month": (None, None, 40000),
    "over_cap": ("rest", "nothing"),
}

# Signs that the orders of one customer show by themselves.
LOCAL = (Sign.EMAIL, Sign.LOOP, Sign.PHONE, Sign.FLOOD, Sign.DEVICE)
WORDS = (Word.HOLD, Word.RELEASE, Word.REFUSE)


@dataclass
class World:
    """What does not change from history to history."""

    scene: Scene
    boris_id: int
    group_id: int
    clicks: tuple[str, ...]


def furnish(scene: Scene) -> World:
    """Put goods, a group, a sponsor's change and a blocked partner into the shop; and mint clicks."""
    with clock.moved_to(FOUNDED):
        catalog.put_category(scene.shop_id, "goods")
        catalog.put_category(scene.shop_id, "light", parent="goods")
        catalog.put_product(scene.shop_id, "lamp", category="light")
        catalog.put_product(scene.shop_id, "sale", category="goods", promo=True)
        catalog.put_product(scene.shop_id, "gift", takes_part=False)
        group = programming.create_group("Gold")
        partnering.change(scene.vera, email="vera@example.org", group_id=group.id)
        zoya = partnering.create(partnering.NewPartner(name="Zoya", codes=["ZOYA10"]))
    with clock.moved_to(NOON + timedelta(minutes=10)):
        partnering.set_sponsor(scene.vera, zoya.id)
    with clock.moved_to(NOON + DAY):
        partnering.block(zoya)
    key, tokens = click_key(settings().secret_key), []
    for number, partner in enumerate((scene.vera, scene.boris, scene.anna, zoya)):
        link = ensure_default(partner)
        assert link is not None
        at = milliseconds_of(NOON - (number + 1) * DAY)
        tokens.append(seal_click(key, current_tenant(), link.id, at, number))
    return World(scene, scene.boris.id, group.id, tuple(tokens))


def change_rules(world: World, chance: random.Random) -> None:
    """Let the merchant have other rules, which have always held."""
    with clock.moved_to(FOUNDED):
        change_settings({name: chance.choice(values) for name, values in SETTINGS.items()})
        programming.change_terms(
            programs.base_terms(),
            levels=[rate or "5%" for rate in chance.choices(RATES, k=chance.randint(1, 5))],
            hold_days=chance.choice((0, 0, 2, 14)),
            base={n: chance.random() < 0.5 for n in ("tax", "shipping", "bonus", "discount")},
            levels_by_buyer={"Retail": _levels(chance)} if chance.random() < 0.3 else {},
            cashback_rate=chance.choice(("3%", "25.00", None)),
            cap=chance.choice((None, None, 25000)),
        )
        catalog.put_product(world.scene.shop_id, "lamp", levels=_levels(chance))
        catalog.put_category(world.scene.shop_id, "goods", levels=_levels(chance))
        boris = partners.by_id(world.boris_id)
        assert boris is not None
        partnering.change(boris, levels=_levels(chance))
        group = programs.group_by_id(world.group_id)
        assert group is not None
        programming.change_group(group, levels=_levels(chance))
        if chance.random() < 0.5:
            fraud.say_policy(Policy(frozenset(chance.sample(LOCAL, 2)), loops=1))
        if chance.random() < 0.5:
            programming.create_campaign(
                name="Days", levels=["20%", None, "2%"], ends_at=NOON + timedelta(hours=12)
            )


def _levels(chance: random.Random) -> list[str | None]:
    return chance.choices(RATES, k=chance.randint(0, 3))


def history(world: World, chance: random.Random) -> list[Said]:
    """Return what a shop says of a few orders, in the order in which it says it."""
    made = {f"A{n}": NOON + chance.choice((-3, 0, 0, 1, 2)) * DAY for n in range(4)}
    buyers = {name: chance.choice(BUYERS) for name in made}
    told = []
    for _ in range(chance.randint(1, 7)):
        name = chance.choice(sorted(made))
        buyer = buyers[name] if chance.random() < 0.8 else chance.choice(BUYERS)
        told.append((name, _message(world, chance, made[name], buyer)))
    return told


def decisions(told: list[Said], chance: random.Random) -> dict[str, Word]:
    """Return what staff decide about some of the orders, at whatever time they do."""
    names = sorted({name for name, _ in told})
    return {name: chance.choice(WORDS) for name in names if chance.random() < 0.3}


def _message(world: World, chance: random.Random, made: Any, buyer: Customer) -> Snapshot:
    lines = _lines(chance)
    snapshot = Snapshot(
        status=chance.choice((*STATES, "packing")),
        currency="RUB",
        created_at=made,
        updated_at=made + timedelta(hours=chance.randint(0, 5)),
        completed_at=chance.choice((None, None, made + timedelta(hours=3))),
        version=chance.choice((None, None, None, 1, 2)),
        customer=buyer,
        lines=lines,
        shipping=chance.choice((0, 30000)),
        fees=chance.choice((0, 5000)),
        coupons=tuple(
            chance.sample(("SPRING", "vera10", "BORIS10"), k=chance.choice((0, 0, 1, 2)))
        ),
        click=chance.choice((None, *world.clicks)),
        ref=chance.choice((None, None, "vera", "anna")),
        entry=chance.choice((None, None, "https://lampa.example/?ref=boris")),
        partner_code=chance.choice((None, None, None, "VERA10", "ANNA10", "ZOYA10", "nobody")),
        partner_data=chance.choice((None, None, None, None, PartnerData(refcode="boris"))),
        bonus_spend=chance.choice((0, 0, 12345)),
        refunds=_refunds(chance, lines),
    )
    assert not problems(snapshot), problems(snapshot)
    return snapshot


def _lines(chance: random.Random) -> tuple[Line, ...]:
    return tuple(
        Line(
            id=str(number),
            product=chance.choice((None, "lamp", "sale", "gift", "unheard of")),
            category=chance.choice((None, None, "light")),
            quantity=Decimal(chance.choice(("1", "3", "0.350"))),
            amount=chance.choice((100001, 33333, 50)),
            discount=chance.choice((0, 20)),
            tax=chance.choice((0, 7)),
            promo=chance.choice((None, None, True, False)),
        )
        for number in range(1, chance.randint(1, 3) + 1)
    )


def _refunds(chance: random.Random, lines: tuple[Line, ...]) -> tuple[Refund, ...]:
    goods = sum(line.amount or 0 for line in lines)
    by_line = RefundLine(line="1", amount=(lines[0].amount or 0) // 3)
    by_quantity = RefundLine(line="1", quantity=lines[0].quantity / 5)
    return chance.choice(
        (
            (),
            (),
            (Refund(id="r1", amount=goods // 3),),
            (Refund(id="r1", lines=(by_line,)), Refund(id="r2", amount=goods // 7)),
            (Refund(id="r1", lines=(by_quantity,)), Refund(id="r2", amount=1)),
        )
    )
