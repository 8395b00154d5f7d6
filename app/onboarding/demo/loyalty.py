"""Bonuses of the demo: a program switched on a month ago, its rules, and what customers did since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask_babel import force_locale
from sqlalchemy import select

from app import clock
from app.backtests import service as backtests
from app.bonuses import queries as bonuses
from app.bonuses import service as wallet
from app.bonuses.rules import GIVE, Grant
from app.bonuses.service import Mass
from app.earnings import service as earnings
from app.extensions import db
from app.installation import settings
from app.members import service as members
from app.members.models import Member
from app.members.service import Card
from app.onboarding.demo.opening import owner
from app.onboarding.demo.sales import Telling
from app.orders import service as orders
from app.orders.rules import Snapshot, line_value
from app.profiles import service as rules
from app.runs import service as runs
from app.sms import service as sms
from app.sms.rules import HttpTemplate
from app.sms.service import Caps
from app.tenants import service as tenants_service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from app.onboarding.demo.opening import Stage
    from app.runs.models import Run
    from app.runs.service import Kind

People = Callable[[], Sequence[Member]]
SWITCHED_ON = 30  # days before the opening
PRESENT = 30_000  # minor units, a present to everybody; it lapses soon after the opening
PROFILES = ("registration", "birthday", "review", "achievement", "referrer_achievement")
WORDS = {
    "en": ("Weekend, and up the chain", "Seven days more of lamplight", "Weekend: a draft", "Sorry for the delay"),
    "ru": ("Выходные и цепочка", "Подарок к зиме", "Выходные: черновик", "Извините за задержку"),
}  # fmt: skip
WEEKEND: dict[str, Any] = {
    "schema": 1,
    "trigger": "order.paid",
    "when": {
        "all": [
            {"fact": "order.total", "op": "gte", "value": 300_000},
            {"fact": "time.weekday", "op": "in", "value": [6, 7]},
        ]
    },
    "effects": [
        {"do": "earn.percent", "rate": "3%", "expires": {"days": 180}},
        {"do": "chain.pay", "levels": ["2%", "1%"], "tail": {"ratio": "1/2", "min_points": 100}},
    ],
    "limits": {"per_member": {"points": 150_000, "window": "month"}},
}


def deeds(
    stage: Stage, speak: Callable[[Telling], None]
) -> Iterator[tuple[datetime, Callable[[], object], str]]:
    """Yield what happened to bonuses: when, what, who did it; `speak` tells an order as the shop does."""
    desk, shop = f"person:{owner(stage).id}", "api:1"
    people = partial(_people, stage.shop.id)
    yield stage.days_before(SWITCHED_ON, 8), partial(_switch_on, stage), desk
    yield stage.days_before(SWITCHED_ON - 1, 9), partial(_say_birthdays, stage, people), shop
    for days in range(24, 2, -3):
        yield stage.days_before(days, 18), partial(_review, stage, people, days), shop
    yield stage.days_before(16, 11), partial(_give_to_all, stage, people), desk
    for days in (12, 9, 6) if stage.play.speaks == "api" else ():
        yield (
            stage.days_before(days, 19),
            partial(_pay_with_bonuses, stage, people, speak, days),
            shop,
        )
    yield stage.days_before(4, 12), partial(_owe, stage, people), desk
    for days in range(SWITCHED_ON - 2, -1, -1):
        at = min(stage.days_before(days, 3), stage.opening)
        yield at, partial(earnings.birthdays, stage.tenant), "system"
    yield stage.opening, partial(_leave_a_draft, stage), desk


def _words(stage: Stage) -> tuple[str, ...]:
    return WORDS[stage.play.locale]


def _switch_on(stage: Stage) -> None:
    """Bonuses live half a year, pay half of an order, and are warned of two weeks ahead."""
    tenants_service.change_settings({"loyalty": True})
    wallet.change_program({"expires_days": 180, "spend_percent": 50, "warn_days": 14})
    open_sms()
    with force_locale(stage.play.locale):
        rules.begin()
        for profile in PROFILES:
            rules.switch(profile, on=True)
    rules.publish(rules.draft(_words(stage)[0], WEEKEND))


def open_sms() -> None:
    """Customers sign in to their cards by SMS: in development they end in the mailbox beside the letters."""
    base = settings().public_url
    if not settings().production and urlsplit(base).netloc in settings().egress_allow:
        sms.set_up(
            HttpTemplate(
                url=f"{base}/dev/mailbox/sms", body="phone={phone}&text={text}", good="OK"
            ),
            Caps(),
        )


def _people(shop_id: int) -> Sequence[Member]:
    """Return the customers with accounts, in the order in which the shop met them."""
    known = select(Member).where(Member.shop_id == shop_id, Member.key.like("id:%"))
    return db.session.scalars(known.order_by(Member.id)).all()


def _say_birthdays(stage: Stage, people: People) -> None:
    """Every third customer has told his birthday: some had it this month, one has it today."""
    today = clock.today(stage.tenant.timezone)
    for place, member in enumerate(people()[::3]):
        day = today + timedelta(days=SWITCHED_ON - 1 - 5 * place)
        born = day.replace(year=1980 + 4 * (place % 6))
        members.lock([member.id])
        members.write(member.id, Card(said=frozenset({"birthday"}), birthday=born))


def _review(stage: Stage, people: People, days: int) -> None:
    told = {"review": f"review-{days}", "has_purchase": days % 2 == 0, "length": 40 + 10 * days}
    known = people()
    if not known:
        return  # nobody has bought so far
    who = known[days % len(known)]
    earnings.report(
        stage.tenant, who.shop_id, who.id, f"review-{days}", "review.published", told, None
    )


def _give_to_all(stage: Stage, people: People) -> None:
    until = stage.opening + timedelta(days=5)
    present = Mass(act=GIVE, amount=PRESENT, reason=_words(stage)[1], expires_at=until)
    asked: dict[int, int | None] = {each.id: None for each in people()}
    if not asked:
        return
    run = wallet.look_at(present, asked)
    _worked(run, wallet.KINDS)
    _worked(wallet.apply_mass(run), wallet.KINDS)


def _worked(run: Run, kinds: dict[str, Kind]) -> None:
    """Do at once what the worker does in batches."""
    while runs.work(run.id, kinds):
        pass


def _pay_with_bonuses(
    stage: Stage, people: People, speak: Callable[[Telling], None], days: int
) -> None:
    """One of the first customers buys again what he bought, and pays a part with bonuses."""
    known, now = people(), clock.now()
    if not known:
        return
    member = known[days % min(len(known), 5)]
    said = orders.of_members([member.id])[0].folded.snapshot
    most = sum(map(line_value, said.lines)) // 2
    name = f"{stage.play.prefix}-B{days}"
    order = Snapshot(
        number=name,
        status=stage.play.words["agreed"],
        currency=said.currency,
        created_at=now,
        updated_at=now,
        paid_at=now,
        site=said.site,
        customer=said.customer,
        lines=said.lines,
        shipping=said.shipping,
        bonus_spend=min(bonuses.balance(member.id).available, most) // 100 * 100,
    )
    speak(Telling(now, name, order))


def _owe(stage: Stage, people: People) -> None:
    """A present is taken back from one who has spent it meanwhile: the rest is owed."""
    known = people()
    if not known:
        return
    member = known[len(known) // 2]
    present = Grant(
        member_id=member.id,
        amount=PRESENT,
        reference="hand:demo",
        kind="hand",
        reason=_words(stage)[3],
    )
    wallet.grant([present])
    has = bonuses.balance(member.id).available
    wallet.deduct([wallet.Deduction(member.id, has, "hand:demo-spent", _words(stage)[3])])
    wallet.take_back(
        [wallet.TakeBack(reference="hand:demo:back", lot_reference="hand:demo", amount=PRESENT)]
    )


def _leave_a_draft(stage: Stage) -> None:
    """A draft that gives more was tried on the past, and waits to be published."""
    more = WEEKEND | {"effects": [{"do": "earn.percent", "rate": "5%"}]}
    with force_locale(stage.play.locale):
        run = backtests.start(rules.draft(_words(stage)[2], more))
    _worked(run, backtests.KINDS)
