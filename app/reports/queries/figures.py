"""The overview's figures, each a statement over the days asked for, or over a short index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, and_, cast, exists, func, select

from app import clock
from app.attribution.models import Click
from app.attribution.queries import last_visit
from app.catalog.models import Product
from app.catalog.queries import families_below
from app.commissions.models import Deal
from app.extensions import db
from app.intake.models import Inbox
from app.ledger.models import Balance
from app.links.models import Link
from app.notifications.models import Message
from app.orders.models import Order
from app.orders.queries import unexplained
from app.partners.models import Partner
from app.payouts.models import Payout
from app.programs.models import Terms
from app.reports.rules import PERIOD, Figures, Hold, days_until, hold_of, total
from app.statistics import queries as statistics
from app.statistics.rules import Period
from app.tenancy import current_tenant
from app.tenants.models import Shop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.programs.models import Campaign
    from app.statistics.rules import Numbers
    from app.tenants.models import Tenant

FALLEN = ("cancelled", "refunded")
TOP = 5
NEW_FOR = timedelta(days=90)  # so long the first steps are looked for
STEPS = ("domain", "terms", "product", "partner", "snippet", "click", "order", "words", "mail")


@dataclass(frozen=True)
class Overview:
    """The last days beside those before and all time; `days` and `daily` are for the picture."""

    days: list[date]
    daily: list[Figures]
    now: Figures
    before: Figures
    ever: Figures
    as_of: datetime | None  # None: the first count is under way


@dataclass(frozen=True)
class Liability:
    """What the merchant owes partners, minor units."""

    available: int
    reserved: int
    debt: int  # of partners to the merchant
    hold: Hold


@dataclass(frozen=True)
class Waiting:
    """What waits for somebody: counts, the payouts' sum in minor units, and the shop's unknown words."""

    applications: int
    requests: int
    requested: int
    approved: int
    parked: int
    words: tuple[str, ...]
    shop: str | None = None  # whose words these are, the first of several

    @property
    def anything(self) -> bool:
        """True when there is something to do."""
        return any((self.applications, self.requests, self.approved, self.parked, self.words))


@dataclass(frozen=True)
class Top:
    """A partner by what the last days' orders of his were worth, minor units."""

    public_id: str
    refcode: str
    name: str
    orders: int
    turnover: int
    commission: int


def overview(tenant: Tenant, shop: int | None = None) -> Overview:
    """Return figures by the merchant's days: of all shops from the roll-ups, of one from its rows."""
    days = days_until(clock.today(tenant.timezone), 2 * PERIOD)
    if shop is None:
        found = statistics.by_day(Period(days[0], days[-1]))
        by_day = {day: _figures(numbers) for day, numbers in found.items()}
    else:
        since = _start(days[0], tenant.timezone)
        deals = _deals_by_day(since, tenant.timezone, shop)
        clicks = _clicks_by_day(since, tenant.timezone, shop)
        by_day = {
            day: deals.get(day, Figures()) + Figures(clicks=clicks.get(day, 0))
            for day in {*deals, *clicks}
        }
    recent = days[PERIOD:]
    return Overview(
        days=recent,
        daily=[by_day.get(day, Figures()) for day in recent],
        now=total(by_day, recent),
        before=total(by_day, days[:PERIOD]),
        ever=_figures(statistics.ever()) if shop is None else _ever(shop),
        as_of=statistics.as_of() if shop is None else None,
    )


def _figures(numbers: Numbers) -> Figures:
    return Figures(numbers.orders, numbers.turnover, numbers.commission, numbers.clicks)


def liability(tenant: Tenant) -> Liability:
    """Return what is owed and when, in three statements."""
    kind = func.split_part(Balance.account, ":", 3)
    rows = db.session.execute(
        select(kind.label("kind"), func.sum(Balance.balance).label("total"))
        .where(Balance.account.like("partner:%"))
        .group_by(kind)
    )
    held = {row.kind: int(row.total) for row in rows}
    return Liability(
        available=held.get("available", 0),
        reserved=held.get("reserved", 0),
        debt=held.get("debt", 0),
        hold=_hold(tenant),
    )


def top_partners(tenant: Tenant, shop: int | None = None) -> list[Top]:
    """Return who brought most in the last days; by the deals' index of days."""
    since = _start(days_until(clock.today(tenant.timezone))[0], tenant.timezone)
    sums = (
        select(Deal.tenant_id, Deal.partner_id, *_sums())
        .join(Order, _order())
        .where(*_standing(since), *_in_shop(shop))
        .group_by(Deal.tenant_id, Deal.partner_id)
        .subquery()
    )
    rows = db.session.execute(
        select(
            Partner.public_id,
            Partner.refcode,
            Partner.name,
            sums.c.orders,
            sums.c.turnover,
            sums.c.commission,
        )
        .join(sums, and_(sums.c.tenant_id == Partner.tenant_id, sums.c.partner_id == Partner.id))
        .order_by(sums.c.turnover.desc(), Partner.id)
        .limit(TOP)
    )
    return [
        Top(r.public_id, r.refcode, r.name, r.orders, int(r.turnover), int(r.commission))
        for r in rows
    ]


def waiting() -> Waiting:
    """Return what waits for the merchant's staff, in two statements."""
    asked, agreed = Payout.state == "requested", Payout.state == "approved"
    row = db.session.execute(
        select(
            select(func.count())
            .where(Partner.status == "pending")
            .scalar_subquery()
            .label("applications"),
            select(func.count()).where(asked).scalar_subquery().label("requests"),
            select(func.coalesce(func.sum(Payout.amount), 0))
            .where(asked)
            .scalar_subquery()
            .label("requested"),
            select(func.count()).where(agreed).scalar_subquery().label("approved"),
            select(func.count()).where(Inbox.state == "parked").scalar_subquery().label("parked"),
        )
    ).one()
    unknown = unexplained()
    words = sorted({word for found in unknown.values() for word in found})[:TOP]
    shop = db.session.get(Shop, (current_tenant(), next(iter(unknown)))) if unknown else None
    return Waiting(
        row.applications,
        row.requests,
        int(row.requested),
        row.approved,
        row.parked,
        tuple(words),
        shop.public_id if shop else None,
    )


def first_steps(tenant: Tenant) -> dict[str, bool] | None:
    """Return which first steps we have seen done; None for a merchant who is not new any more."""
    if clock.now() - tenant.created_at > NEW_FOR:
        return None
    row = db.session.execute(
        select(
            select(Shop.id).where(Shop.domain != "").exists().label("domain"),
            select(Terms.id).where(Terms.is_base, Terms.version > 1).exists().label("terms"),
            select(Product.id).exists().label("product"),
            select(Partner.id).where(Partner.status == "active").exists().label("partner"),
            select(Click.nonce).where(Click.flag.is_(None)).exists().label("click"),
            select(Order.id).exists().label("order"),
            select(Message.id).where(Message.state == "sent").exists().label("mail"),
        )
    ).one()
    seen = dict(row._mapping)  # noqa: SLF001 - a row's names
    # Words are mapped when an order came and none of its words was strange.
    words = seen["order"] and not unexplained()
    return {**seen, "snippet": last_visit() is not None, "words": words}


@dataclass(frozen=True)
class CampaignReport:
    """A campaign so far beside the same hours of as many days before; `daily` is for the picture."""

    length: int  # days of 24 hours begun
    span: tuple[datetime, datetime]
    span_before: tuple[datetime, datetime]
    during: Figures
    before: Figures
    days: list[date]
    daily: list[Figures]
    daily_before: list[Figures]


def campaign_report(
    tenant: Tenant, campaign: Campaign, offer: Mapping[str, Any]
) -> CampaignReport | None:
    """Return what the partners and goods concerned brought; None before the campaign has begun."""
    end = min(clock.now(), campaign.ends_at or clock.now())
    if end <= campaign.starts_at:
        return None
    concerned, zone = _concerned(offer), ZoneInfo(tenant.timezone)
    span = (campaign.starts_at, end)
    first, last = (each.astimezone(zone) for each in span)
    days = [first.date()]
    while days[-1] < (last - timedelta(microseconds=1)).date():
        days.append(days[-1] + timedelta(days=1))
    # Whole days of the zone back, so that both have as many days and the same hours of the day.
    back = timedelta(days=-((first - last) // timedelta(days=1)))
    since, until = ((each - back).astimezone(UTC) for each in (first, last))
    now = _spell(*span, concerned, tenant.timezone)
    past = _spell(since, until, concerned, tenant.timezone)
    return CampaignReport(
        length=back.days,
        span=span,
        span_before=(since, until),
        during=sum(now.values(), Figures()),
        before=sum(past.values(), Figures()),
        days=days,
        daily=[now.get(day, Figures()) for day in days],
        daily_before=[past.get(day - back, Figures()) for day in days],
    )


def _spell(
    since: datetime, until: datetime, concerned: Sequence[Any], zone: str
) -> dict[date, Figures]:
    day = _day(Deal.created_at, zone).label("day")
    rows = db.session.execute(
        select(day, *_sums())
        .join(Order, _order())
        .where(*_standing(since), Deal.created_at < until, *concerned)
        .group_by(day)
    )
    return {row.day: Figures(row.orders, int(row.turnover), int(row.commission)) for row in rows}


def _concerned(offer: Mapping[str, Any]) -> list[Any]:
    """Narrow deals to the partners and goods that a campaign names."""
    found: list[Any] = []
    if offer["partners"]:
        found.append(Deal.partner_id.in_(offer["partners"]))
    if offer["groups"]:
        members = select(Partner.id).where(Partner.group_id.in_(offer["groups"]))
        found.append(Deal.partner_id.in_(members))
    goods = select(Product.external_id)
    if offer["products"]:
        goods = goods.where(Product.id.in_(offer["products"]))
    if offer["categories"]:
        goods = goods.where(Product.category_id.in_(families_below(offer["categories"])))
    if offer["products"] or offer["categories"]:
        line = func.jsonb_array_elements(Order.folded["snapshot"]["lines"]).table_valued("value")
        product = line.c.value.op("->>")("product")
        found.append(exists(select(1).select_from(line).where(product.in_(goods))))
    return found


def _sums() -> tuple[Any, ...]:
    return (
        func.count().label("orders"),
        func.sum(Order.total).label("turnover"),
        func.sum(Deal.commission).label("commission"),
    )


def _order() -> Any:
    return and_(Order.tenant_id == Deal.tenant_id, Order.id == Deal.order_id)


def _standing(since: datetime | None = None) -> tuple[Any, ...]:
    """Deals of partners that have not fallen through."""
    wanted = (Deal.partner_id.is_not(None), Deal.state.not_in(FALLEN))
    return wanted if since is None else (*wanted, Deal.created_at >= since)


def _in_shop(shop: int | None) -> tuple[Any, ...]:
    return () if shop is None else (Order.shop_id == shop,)


def _seen_in(shop: int | None) -> tuple[Any, ...]:
    """Clicks on links into one shop, that no machine made."""
    people = (Click.flag.is_(None),)
    if shop is None:
        return people
    return (*people, Click.link_id.in_(select(Link.id).where(Link.shop_id == shop)))


def _day(column: Any, zone: str) -> Any:
    return cast(func.timezone(zone, column), Date)


def _start(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _deals_by_day(since: datetime, zone: str, shop: int | None) -> dict[date, Figures]:
    day = _day(Deal.created_at, zone)
    rows = db.session.execute(
        select(day.label("day"), *_sums())
        .join(Order, _order())
        .where(*_standing(since), *_in_shop(shop))
        .group_by(day)
    )
    return {r.day: Figures(r.orders, int(r.turnover), int(r.commission)) for r in rows}


def _clicks_by_day(since: datetime, zone: str, shop: int | None) -> dict[date, int]:
    day = _day(Click.at, zone)
    rows = db.session.execute(
        select(day.label("day"), func.count().label("clicks"))
        .where(Click.at >= since, *_seen_in(shop))
        .group_by(day)
    )
    return {row.day: row.clicks for row in rows}


def _ever(shop: int | None) -> Figures:
    clicks = select(func.count()).where(*_seen_in(shop)).scalar_subquery()
    row = db.session.execute(
        select(*_sums(), clicks.label("clicks"))
        .select_from(Deal)
        .join(Order, _order())
        .where(*_standing(), *_in_shop(shop))
    ).one()
    return Figures(row.orders, int(row.turnover or 0), int(row.commission or 0), row.clicks)


def _hold(tenant: Tenant) -> Hold:
    """Completed deals by the day on which their hold ends, and agreed ones, which have none yet."""
    day = _day(Deal.matures_at, tenant.timezone)
    rows = db.session.execute(
        select(day.label("day"), func.sum(Deal.commission).label("total"))
        .where(Deal.matures_at.is_not(None))
        .group_by(day)
    )
    agreed = select(func.coalesce(func.sum(Deal.commission), 0)).where(
        Deal.state == "agreed", Deal.partner_id.is_not(None)
    )
    maturing = {row.day: int(row.total) for row in rows}
    return hold_of(maturing, int(db.session.scalars(agreed).one()), clock.today(tenant.timezone))
