"""The API of a partner's own key: what the cabinet shows, and links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _

from app import clock
from app.attribution.queries import clicks_of_links, orders_of_links
from app.codes import queries as codes
from app.errors import DomainError, FieldError, NotFound
from app.ledger.queries import partner_balances
from app.links import queries as links
from app.links import service
from app.money import to_decimal_string
from app.partner_keys import queries, rules
from app.partner_keys.schemas import (
    OwnCodeList,
    OwnDealList,
    OwnDealsIn,
    OwnEntriesIn,
    OwnEntryList,
    OwnEventList,
    OwnEventsIn,
    OwnLinkIn,
    OwnLinkList,
    OwnLinkOut,
    OwnMeOut,
    OwnPayoutList,
    OwnPayoutsIn,
    OwnStatisticsIn,
    OwnStatisticsOut,
)
from app.partners import queries as partners
from app.payouts import queries as payouts
from app.site.access import requires
from app.statistics import queries as statistics
from app.statistics.rules import OTHERS, period_of
from app.web.bodies import PageIn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.events.models import Event
    from app.links.queries import Line
    from app.partners.models import Partner
    from app.statistics.rules import Numbers

bp = APIBlueprint("partner_keys", __name__, url_prefix="/partner", tag="Partner")
MONEY = ("turnover", "expected", "pending", "available", "network")


@bp.get("/me")
@bp.output(OwnMeOut)
@requires(rules.READ)
def me() -> dict[str, Any]:
    """Return the partner, the shop, and the balances."""
    partner, tenant = _partner(), g.tenant
    balance = partner_balances([partner.id])[partner.id]
    names = ("pending", "available", "reserved", "debt")
    return {
        "id": partner.public_id,
        "refcode": partner.refcode,
        "name": partner.name,
        "status": partner.status,
        "merchant": {
            "name": tenant.name,
            "currency": tenant.currency,
            "timezone": tenant.timezone,
            "test": tenant.twin_of is not None,
        },
        "balance": {name: _sum(getattr(balance, name)) for name in names},
        "minimum_payout": _sum(payouts.minimum()),
    }


@bp.get("/links")
@bp.input(PageIn, location="query")
@bp.output(OwnLinkList)
@requires(rules.READ)
def list_links(query_data: PageIn) -> dict[str, Any]:
    """List the links in use, newest first."""
    limit = query_data.limit
    found = queries.links(g.partner_id, g.tenant.slug, limit + 1, query_data.before)
    following = str(found[limit - 1].link_id) if len(found) > limit else None
    return {"items": _links(found[:limit]), "next": following}


@bp.post("/links")
@bp.input(OwnLinkIn)
@bp.output(OwnLinkOut, status_code=201)
@requires(rules.LINKS)
def make_link(json_data: OwnLinkIn) -> dict[str, Any]:
    """Make a link to a page of the shop. 409 for a code that is taken."""
    said = json_data.model_dump()
    params = {name: said[name] for name in service.SUBS}
    wish = service.Wish(
        address=said["address"], code=said["code"], label=said["label"], params=params
    )
    made = service.create(_partner(), wish)
    return _links([links.line_of(made, g.tenant.slug)])[0]


@bp.get("/codes")
@bp.input(PageIn, location="query")
@bp.output(OwnCodeList)
@requires(rules.READ)
def list_codes(query_data: PageIn) -> dict[str, Any]:
    """List the promo codes, as they were made."""
    edge = query_data.before or 0
    later = [row for row in codes.of_partner(g.partner_id) if row.code.id > edge]
    found = later[: query_data.limit]
    items = [
        {
            "code": row.code.display,
            "state": row.state,
            "valid_from": row.conditions.starts,
            "valid_to": row.conditions.ends,
            "limit": row.conditions.limit,
            "used": row.used if row.conditions.limit is not None else None,
            "gives": row.code.gives,
        }
        for row in found
    ]
    return {"items": items, "next": str(found[-1].code.id) if len(later) > len(found) else None}


@bp.get("/statistics")
@bp.input(OwnStatisticsIn, location="query")
@bp.output(OwnStatisticsOut)
@requires(rules.READ)
def figures(query_data: OwnStatisticsIn) -> dict[str, Any]:
    """Return visits and sales by day, link, source or sub-id."""
    since, until = query_data.since, query_data.to
    if since and until and since > until:
        words = _("The last day is before the first.")
        raise DomainError("invalid", words, FieldError("to", words))
    preset = "own" if since or until else "30"
    period = period_of(clock.today(g.tenant.timezone), preset, since, until)
    if query_data.by == "day":
        found = statistics.by_day(period, g.partner_id)
        lines = [
            (day.isoformat(), day.isoformat(), found[day]) for day in period.days if day in found
        ]
    else:
        told = statistics.lines(query_data.by, period, g.partner_id)
        by_code = query_data.by == "link"  # our number of a link says nothing outside
        lines = [(e.note or e.key if by_code else e.key, e.name, e.numbers) for e in told]
    return {
        "first": period.first,
        "last": period.last,
        "by": query_data.by,
        "items": [_figures(*line) for line in lines],
        "counted_at": statistics.as_of(),
    }


@bp.get("/deals")
@bp.input(OwnDealsIn, location="query")
@bp.output(OwnDealList)
@requires(rules.READ)
def list_deals(query_data: OwnDealsIn) -> dict[str, Any]:
    """List what sales earn the partner, at each level, newest first. Of buyers nothing is told."""
    limit = query_data.limit
    found = queries.sales(g.partner_id, query_data.bucket, limit + 1, query_data.before)
    items = [
        {
            "id": row.deal,
            "number": row.number,
            "state": row.state,
            "level": row.level,
            "amount": _sum(row.amount),
            "bucket": row.bucket,
            "created_at": row.created_at,
            "available_at": row.available_at,
        }
        for row in found[:limit]
    ]
    return {"items": items, "next": str(found[limit - 1].key) if len(found) > limit else None}


@bp.get("/payouts")
@bp.input(OwnPayoutsIn, location="query")
@bp.output(OwnPayoutList)
@requires(rules.READ)
def list_payouts(query_data: OwnPayoutsIn) -> dict[str, Any]:
    """List the payouts, newest first. They are asked for in the cabinet."""
    limit = query_data.limit
    found = payouts.newest(
        limit + 1, before=query_data.before, state=query_data.state, partner_id=g.partner_id
    )
    items = [
        {
            "id": line.payout.public_id,
            "state": line.payout.state,
            "amount": _sum(line.payout.amount),
            "fee": _sum(line.payout.fee),
            "withheld": _sum(line.payout.withheld),
            "net": _sum(line.payout.net),
            "method": line.method_code,
            "reason": line.payout.reason,
            "requested_at": line.payout.requested_at,
            "approved_at": line.payout.approved_at,
            "ended_at": line.payout.ended_at,
        }
        for line in found[:limit]
    ]
    return {"items": items, "next": str(found[limit - 1].payout.id) if len(found) > limit else None}


@bp.get("/entries")
@bp.input(OwnEntriesIn, location="query")
@bp.output(OwnEntryList)
@requires(rules.READ)
def list_entries(query_data: OwnEntriesIn) -> dict[str, Any]:
    """List what made a balance, newest first; the amounts of all sum to it."""
    limit = query_data.limit
    found = queries.account(g.partner_id, query_data.bucket, limit + 1, query_data.before)
    items = [
        {
            "id": str(row.id),
            "at": row.at,
            "kind": row.kind,
            "amount": _sum(row.amount),
            "level": row.level,
            "number": row.number,
            "reason": row.reason,
        }
        for row in found[:limit]
    ]
    return {"items": items, "next": str(found[limit - 1].id) if len(found) > limit else None}


@bp.get("/events")
@bp.input(OwnEventsIn, location="query")
@bp.output(OwnEventList)
@requires(rules.READ)
def feed(query_data: OwnEventsIn) -> dict[str, Any]:
    """List what happened to the partner after a place, in order."""
    found, following = queries.happened(g.partner_id, query_data.after, query_data.limit)
    items = [_event(event, number) for event, number in found]
    return {"items": items, "next": None if following is None else str(following)}


def _partner() -> Partner:
    found = partners.by_id(g.partner_id)
    if found is None:
        raise NotFound
    return found


def _sum(minor: int) -> str:
    return to_decimal_string(minor, g.tenant.currency)


def _links(lines: Sequence[Line]) -> list[dict[str, Any]]:
    ids = [line.link_id for line in lines]
    clicks, orders = clicks_of_links(ids), orders_of_links(g.partner_id)
    return [
        {
            "id": line.short,
            "code": line.code,
            "url": line.address,
            "short_url": links.short_address(line.short),
            "leads_to": line.leads_to,
            "label": line.label,
            "erid": line.erid,
            "clicks": clicks.get(line.link_id, (0, 0))[0],
            "orders": orders.get(line.link_id, 0),
            "created_at": line.created_at,
        }
        for line in lines
    ]


def _figures(key: str, name: str, numbers: Numbers) -> dict[str, Any]:
    return {
        "key": None if key == OTHERS else key,
        "name": name,
        "people": numbers.people,
        "repeats": numbers.repeats,
        "orders": numbers.orders,
        **{each: _sum(getattr(numbers, each)) for each in MONEY},
    }


def _event(event: Event, number: str | None) -> dict[str, Any]:
    facts = {**event.facts, "deal": event.facts.get("deal_id")}
    data = {name: facts[name] for name in sorted(rules.TOLD[event.type]) if name in facts}
    if isinstance(data.get("amount"), int):
        data["amount"] = _sum(data["amount"])
    return {
        "id": event.public_id,
        "type": event.type,
        "timestamp": event.at,
        "position": event.position,
        "number": number,
        "data": data,
    }
