"""Who earns from whom: dated edges that never form a cycle."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import delete, or_, select

from app import clock
from app.errors import DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.partners import queries
from app.partners.models import SponsorEdge
from app.partners.rules import Edge, Status, makes_cycle, tree_of
from app.partners.service.codes import lock_partners, touch_tree
from app.tenancy import current_tenant
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.partners.models import Partner


def set_sponsor(
    partner: Partner, sponsor_id: int | None, since: date | None = None, until: date | None = None
) -> bool:
    """Let the partner earn for `sponsor_id` (None: for nobody) from now, or from 00:00 of a later day.

    `until` is the last day, end included, in the merchant's zone; whatever was planned after the
    start is replaced. Past orders keep their upline. Raises DomainError for a sponsor who cannot
    be: oneself, somebody below, somebody unknown or removed; for days out of order. False: so it was.
    """
    lock_partners()
    start = _start(since)
    end = None if until is None else day_start(until + timedelta(days=1))
    if end is not None and end <= start:
        raise _refusal("until", _("The last day is before the first one."))
    known = queries.upline_edges([partner.id, *([sponsor_id] if sponsor_id else [])])
    own = [edge for edge in known if edge.partner_id == partner.id]
    edge = Edge(partner.id, sponsor_id, start, end if sponsor_id else None)
    if _as_it_was(own, edge):
        return False
    _refuse_cycle(partner, edge, known, "sponsor")
    _write(edge)
    before, partner.sponsor_id = partner.sponsor_id, sponsor_id
    record(
        "partner.sponsor_changed",
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        changes={"sponsor": [_name(before), _name(sponsor_id)]},
        since=start.isoformat(),
        until=end.isoformat() if end else None,
    )
    touch_tree()
    return True


def check_sponsor(
    partner: Partner, sponsor_id: int | None, since: date | None = None, until: date | None = None
) -> datetime:
    """Refuse what set_sponsor would refuse, and return from when it would hold; writes nothing."""
    start = _start(since)
    end = None if until is None else day_start(until + timedelta(days=1))
    if end is not None and end <= start:
        raise _refusal("until", _("The last day is before the first one."))
    known = queries.upline_edges([partner.id, *([sponsor_id] if sponsor_id else [])])
    _refuse_cycle(partner, Edge(partner.id, sponsor_id, start, end), known, "sponsor")
    return start


def end_commissions(partner: Partner, until: date | None) -> bool:
    """Let the parent who holds now earn up to a day, that day included; None: without an end.

    What is planned after it stays. Raises DomainError at `until`: no parent now, a day that has
    passed, a day on which another parent is planned already, or a circle that a longer time would
    close. False: so it was.
    """
    lock_partners()
    now = queries.edge_now(partner.id)
    if now is None or now.sponsor_id is None:
        raise _refusal("until", _("This partner has no parent now."))
    end = None if until is None else day_start(until + timedelta(days=1))
    if end == now.valid_to:
        return False
    if end is not None and end <= clock.now():
        raise _refusal("until", _("The last day has passed."))
    known = queries.upline_edges([partner.id])
    later = [e for e in known if e.partner_id == partner.id and e.start > now.valid_from]
    if later and (end is None or end > later[0].start):
        raise _refusal("until", _("Another parent is planned before that day."))
    edge = Edge(partner.id, now.sponsor_id, max(now.valid_from, clock.now()), end)
    _refuse_cycle(partner, edge, known, "until")
    before, now.valid_to = now.valid_to, end
    record(
        "partner.sponsor_changed",
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        changes={"until": [_day(before), _day(end)]},
        since=now.valid_from.isoformat(),
        until=end.isoformat() if end else None,
    )
    touch_tree()
    return True


def found_edge(partner: Partner, sponsor_id: int | None, until: date | None = None) -> None:
    """Give a new partner the first edge, "none" included. Raises DomainError for a sponsor who cannot be."""
    start = clock.now()
    end = None if until is None or sponsor_id is None else day_start(until + timedelta(days=1))
    if end is not None and end <= start:
        raise _refusal("until", _("The last day has passed."))
    if sponsor_id is not None:
        _check_sponsor(partner, sponsor_id)
    partner.sponsor_id = sponsor_id
    _write(Edge(partner.id, sponsor_id, start, end))
    touch_tree()


def day_start(day: date) -> datetime:
    """Return the first moment of a day in the merchant's zone."""
    tenant = tenants.tenant(current_tenant())
    if tenant is None:
        raise NotFound
    return datetime.combine(day, time(), tzinfo=ZoneInfo(tenant.timezone)).astimezone(UTC)


def last_day(edge: SponsorEdge | None) -> date | None:
    """Return the last day of an edge in the merchant's zone, end included; None: without an end."""
    return None if edge is None or edge.valid_to is None else day_before(edge.valid_to)


def day_before(end: datetime) -> date:
    """Return the last day, in the merchant's zone, of what ends at an instant."""
    tenant = tenants.tenant(current_tenant())
    if tenant is None:
        raise NotFound
    return (end - timedelta(microseconds=1)).astimezone(ZoneInfo(tenant.timezone)).date()


def _day(end: datetime | None) -> str | None:
    return None if end is None else day_before(end).isoformat()


def _start(since: date | None) -> datetime:
    now = clock.now()
    if since is None:
        return now
    start = day_start(since)
    if start + timedelta(days=1) <= now:
        raise _refusal("since", _("The past stays as it was: choose today or a later day."))
    return max(start, now)


def _as_it_was(own: list[Edge], edge: Edge) -> bool:
    later = [old for old in own if old.start > edge.start]
    here = [
        old for old in own if old.start <= edge.start and (old.end is None or old.end > edge.start)
    ]
    if later:
        return False
    if not here:
        return edge.sponsor_id is None and bool(own)
    return (here[-1].sponsor_id, here[-1].end) == (edge.sponsor_id, edge.end)


def _ended(edge: Edge, at: datetime) -> Edge:
    end = at if edge.end is None else min(edge.end, at)
    return Edge(edge.partner_id, edge.sponsor_id, edge.start, end)


def _write(edge: Edge) -> None:
    own = SponsorEdge.partner_id == edge.partner_id
    # Plans that never came into force, and a change of this very instant: the later word stands.
    db.session.execute(delete(SponsorEdge).where(own, SponsorEdge.valid_from >= edge.start))
    running = or_(SponsorEdge.valid_to.is_(None), SponsorEdge.valid_to > edge.start)
    for old in db.session.scalars(select(SponsorEdge).where(own, running)):
        old.valid_to = edge.start
    db.session.add(
        SponsorEdge(
            partner_id=edge.partner_id,
            sponsor_id=edge.sponsor_id,
            valid_from=edge.start,
            valid_to=edge.end,
            actor=actor(),
        )
    )
    db.session.flush()


def _refuse_cycle(partner: Partner, edge: Edge, known: Iterable[Edge], field: str) -> None:
    """Refuse a sponsor who cannot be, and an edge that would close a circle at any instant."""
    if edge.sponsor_id is None:
        return
    _check_sponsor(partner, edge.sponsor_id, standing=field == "until")
    others = [
        _ended(old, edge.start)
        for old in known
        if old.partner_id == partner.id and old.start < edge.start
    ]
    rest = [each for each in known if each.partner_id != partner.id]
    if makes_cycle(tree_of([*rest, *others]), edge):
        raise _refusal(field, _("This partner stands below the one you are changing."))


def _check_sponsor(partner: Partner, sponsor_id: int, *, standing: bool = False) -> None:
    if standing:
        return  # he is the parent already, whatever became of him
    sponsor = queries.by_id(sponsor_id)
    if sponsor is None or sponsor.status in {Status.REMOVED, Status.REJECTED, Status.PENDING}:
        raise _refusal("sponsor", _("There is no such partner."))
    if sponsor_id == partner.id:
        raise _refusal("sponsor", _("Nobody is their own sponsor."))


def _name(partner_id: int | None) -> str | None:
    card = queries.cards([partner_id]).get(partner_id or 0)
    return card.refcode if card else None


def _refusal(field: str, words: str) -> DomainError:
    return DomainError(f"invalid_{field}", words, FieldError(field, words))
