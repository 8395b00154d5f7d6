"""Ranks, awards, achievements and a rights holder of the demo: what customers climb, and who earns on his goods."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from app import clock
from app.bonuses import service as wallet
from app.catalog import service as catalog
from app.earnings import service as earnings
from app.extensions import db
from app.members import service as members
from app.members.models import Member
from app.onboarding.demo import drawings
from app.onboarding.demo.opening import owner
from app.onboarding.demo.sales import Telling
from app.orders.rules import Customer, Line, Snapshot
from app.partners.models import Partner
from app.profiles import service as rules
from app.ranks import queries
from app.ranks import service as ladder
from app.ranks.rules import Plan, Review, Rung, Span, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from app.onboarding.demo.opening import Stage

SINCE = 30  # days before the opening, with the bonuses
RANKS = {
    "en": ("Bronze", "Silver", "Gold"),
    "ru": ("Бронза", "Серебро", "Золото"),
}
SYMBOLS = ("flag", "shield-check", "trophy")
SUMS = {"lampa": (500_000, 1_200_000, 2_500_000), "kniga": (100_000, 200_000, 400_000)}
AWARDS = {
    "en": (("Friend of the house", "Three years with us"), ("Review of the month", "The best review of November")),
    "ru": (("Друг магазина", "Три года вместе"), ("Отзыв месяца", "Лучший отзыв ноября")),
}  # fmt: skip
# Metric, level, symbol, bonuses; sums in minor units.
GOALS = (
    ("orders", 3, "shopping-cart", 10_000),
    ("sum", 2_000_000, "star-filled", 30_000),
    ("streak", 3, "sun", 20_000),
    ("active_referrals", 3, "users-group", 30_000),
)
SUMMED = {"sum": "metric.sum"}  # a sum is asked as a sum
CALLED = {
    "en": ("Third order", "Bought for 20,000", "Three months in a row", "Three friends who bought"),
    "ru": ("Третий заказ", "Покупки на 20 000", "Три месяца подряд", "Три друга с покупками"),
}
PRESET = {
    "en": ("Tenth order", "Fifth friend who bought"),
    "ru": ("Десятый заказ", "Пятый друг с покупкой"),
}
MORE = {"en": "Gold: half as many again", "ru": "Золото: в полтора раза больше"}
BRAND = "Nord"
BRANDED = ("f-arc", "c-plafond", "t-ceramic", "c-kitchen")
HOLDER, HOLDER_ID = "marina", "7001"
OWN = ((28, "s-strip", 219000), (15, "t-ceramic", 560000), (5, "s-bulb", 149000))


def deeds(
    stage: Stage, speak: Callable[[Telling], None]
) -> Iterator[tuple[datetime, Callable[[], object], str]]:
    """Yield what happened to ranks, awards and rights: when, what, who did it."""
    desk, shop = f"person:{owner(stage).id}", "api:1"
    yield stage.days_before(SINCE, 9), partial(_set_up, stage), desk
    if stage.play.tools == "lampa":
        yield stage.days_before(SINCE - 3, 10), partial(_give_rights, stage), desk
        for days, ware, price in OWN:
            said = partial(_buy, stage, speak, days, ware, price)
            yield stage.days_before(days, 13), said, shop
    yield stage.days_before(8, 12), partial(_honour, stage), desk
    for days in range(SINCE - 1, -1, -1):
        at = min(stage.days_before(days, 4), stage.opening)
        yield at, partial(_night, stage), "system"


def _set_up(stage: Stage) -> None:
    """Three ranks over ninety days, one that gives more, achievements, and how they look."""
    locale = stage.play.locale
    for name, symbol, least in zip(RANKS[locale], SYMBOLS, SUMS[stage.play.tools], strict=True):
        rank = ladder.define_rank(name, symbol=symbol)
        ladder.set_rung(rank, Rung(rank.id, rank.place, Window(Span.DAYS, 90), {"sum": least}))
    ladder.set_plan(Plan(on=True, review=Review.NIGHTLY, warning=14))
    gold = queries.ranks()[-1]
    when = {"all": [{"fact": "member.rank", "op": "in", "value": [gold.code]}]}
    more: dict[str, Any] = {"schema": 1, "profile": "order", "trigger": "order.paid", "when": when}
    rules.publish(
        rules.draft(MORE[locale], more | {"effects": [{"do": "earn.multiply", "by": "3/2"}]})
    )
    for (metric, level, symbol, points), name in zip(GOALS, CALLED[locale], strict=True):
        ladder.look_of(metric, level, name=name, symbol=symbol)
        rules.publish(rules.draft(name, _goal(metric, level, points)))
    ladder.look_of("orders", 10, name=PRESET[locale][0], symbol="trophy")
    ladder.look_of("active_referrals", 5, name=PRESET[locale][1], symbol="world")
    _night(stage)


def _goal(metric: str, level: int, points: int) -> dict[str, Any]:
    own = metric in {"orders", "sum", "streak"}
    return {
        "schema": 1,
        "profile": "achievement" if own else "referrer_achievement",
        "trigger": "metric.crossed" if own else "referral.metric_crossed",
        "when": {
            "all": [
                {"fact": "metric.name", "op": "in", "value": [metric]},
                {"fact": SUMMED.get(metric, "metric.value"), "op": "gte", "value": level},
            ]
        },
        "effects": [{"do": "earn.fixed", "points": points, "expires": {"days": 180}}],
        "limits": {"per_member": {"times": 1, "window": "ever"}},
    }


def _give_rights(stage: Stage) -> None:
    """The brand Nord is Marina's: she is a customer too, and 40% of the rights are hers."""
    for ware in BRANDED:
        catalog.put_product(stage.shop.id, ware, brand=BRAND)
    rules.switch("owner", on=True)
    wallet.change_program({"withdrawable": True})
    member_id = _known(stage)
    db.session.execute(update(Partner).where(Partner.refcode == HOLDER).values(member_id=member_id))
    ladder.hold_rights(
        ladder.Rights(of="brand", word=BRAND, share=Decimal(40), member_id=member_id)
    )


def _known(stage: Stage) -> int:
    query = select(Member.id).where(
        Member.shop_id == stage.shop.id, Member.key == f"id:{HOLDER_ID}"
    )
    return db.session.scalars(query).one()


def _buy(stage: Stage, speak: Callable[[Telling], None], days: int, ware: str, price: int) -> None:
    """Marina buys for herself, and becomes a customer by it."""
    now = clock.now()
    number = f"{stage.play.prefix}-M{days}"
    order = Snapshot(
        number=number,
        status=stage.play.words["agreed"],
        currency="RUB",
        created_at=now,
        updated_at=now,
        paid_at=now,
        site=stage.play.domain,
        customer=Customer(id=HOLDER_ID, name="Marina Orlova"),
        lines=(
            Line(id="1", product=ware, name=_name(stage, ware), quantity=Decimal(1), price=price),
        ),
    )
    speak(Telling(now, number, order))


def _name(stage: Stage, ware: str) -> str:
    return next(w.name for shelf in stage.play.shelves for w in shelf.wares if w.id == ware)


def _honour(stage: Stage) -> None:
    """Two awards by hand: one drawn, one with a symbol."""
    locale = stage.play.locale
    draw = drawings.lamp if stage.play.tools == "lampa" else drawings.books
    known = select(Member.id).where(Member.shop_id == stage.shop.id, Member.key.like("id:%"))
    people = list(db.session.scalars(known.order_by(Member.id)))
    (first, why), (second, reason) = AWARDS[locale]
    friend = ladder.define_award(first, picture=draw(400, 400))
    review = ladder.define_award(second, symbol="star-filled")
    holder = select(Partner.member_id).where(Partner.refcode == HOLDER)
    mine = [each for each in db.session.scalars(holder) if each is not None]
    for award, chosen, words in (
        (friend, [*people[:3], *mine], why),
        (review, people[3:4], reason),
    ):
        members.lock(chosen)
        ladder.grant_by_hand(award, chosen, words)


def _night(stage: Stage) -> None:
    """Look at the ladder as the schedule does."""
    while earnings.step(stage.tenant):
        db.session.flush()
