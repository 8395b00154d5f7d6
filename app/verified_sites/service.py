"""Name a site, look at it, and what a look makes of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import func, select, update

from app import clock, egress
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import record
from app.extensions import db, kick_after_commit
from app.links import service as links
from app.links.rules import AddressError
from app.tenancy import current_tenant, public_id
from app.tenants import queries as tenants
from app.verified_sites import queries, rules
from app.verified_sites.models import VerifiedSite
from app.verified_sites.rules import Problem, State

if TYPE_CHECKING:
    from datetime import timedelta

    from app.partners.models import Partner
    from app.verified_sites.probe import Seen

JOB = "check_sites"
TOKEN = 20  # random bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """A site that is to be looked at, as the look needs it."""

    id: int
    host: str
    token: str


def name(partner: Partner, text: str, *, client: egress.Client = egress.client) -> VerifiedSite:
    """Let a partner name a site as his, to be proved; one he named before is that one.

    Raises DomainError for what is no site of the open internet, or is the shop's own; Conflict for
    one too many.
    """
    try:
        host = rules.site_host(text)
        client.check(f"https://{host}/")
    except (AddressError, egress.RefusedError) as error:
        raise _refusal(_("This is not the address of a site.")) from error
    if any(shop.domain and rules.is_below(host, shop.domain) for shop in tenants.shops()):
        raise _refusal(_("This is the shop's own site."))
    known = _of(partner.id, host)
    if known is None or known.state == State.WITHDRAWN:
        _check_room(partner.id)
    if known is None:
        known = VerifiedSite(
            public_id=public_id("vs"),
            partner_id=partner.id,
            host=host,
            token=secrets.token_hex(TOKEN),
            state=State.WAITING,
            misses=0,
            created_at=clock.now(),
            link_id=None,
        )
        db.session.add(known)
    elif known.state == State.WITHDRAWN:
        known.state, known.problem, known.misses = State.WAITING, None, 0
    db.session.flush()
    return known


def _check_room(partner_id: int) -> None:
    """Raise Conflict where the partner has as many sites as may be; the lock keeps two from being the last."""
    key = func.hashtextextended(f"sites:{current_tenant()}:{partner_id}", 0)
    db.session.execute(select(func.pg_advisory_xact_lock(key)))
    if len(queries.of_partner(partner_id)) >= rules.MOST_SITES:
        words = _("At most %(most)s sites.", most=rules.MOST_SITES)
        raise Conflict("too_many_sites", words, FieldError("site", words))


def look_soon(site: VerifiedSite) -> None:
    """Have a site looked at now. Raises Conflict for one that was withdrawn."""
    if site.state == State.WITHDRAWN:
        raise Conflict("withdrawn", _("This site was taken out."))
    if site.state == State.LOST:
        site.state = State.WAITING
    site.check_at, site.misses = clock.wall(), 0 if site.state == State.WAITING else site.misses
    db.session.flush()
    kick_after_commit(JOB)


def withdraw(site: VerifiedSite) -> None:
    """Take a site out: later visits from there are nobody's, those before stay."""
    if site.state == State.VERIFIED:
        facts = {"partner_id": site.partner_id, "host": site.host}
        record("site.withdrawn", f"site:{site.id}", **facts)
    site.state, site.check_at, site.problem = State.WITHDRAWN, None, None
    db.session.flush()


def take(site_id: int, lease: timedelta = rules.HOUR) -> Asked | None:
    """Take a site for one look; None when another did, or its time has not come."""
    statement = (
        update(VerifiedSite)
        .where(VerifiedSite.id == site_id, VerifiedSite.check_at <= clock.wall())
        .values(check_at=clock.wall() + lease)
        .returning(VerifiedSite.id, VerifiedSite.host, VerifiedSite.token)
    )
    row = db.session.execute(statement).one_or_none()
    return Asked(row.id, row.host, row.token) if row else None


def settle(site_id: int, seen: Seen) -> None:
    """Write what a look found; the first to prove a site has it. Tells the partner when that changes."""
    query = select(VerifiedSite).where(VerifiedSite.id == site_id).with_for_update()
    site = db.session.scalars(query).one()
    if site.state == State.WITHDRAWN:
        return
    before, how, problem = State(site.state), seen.how, seen.problem
    if how is not None and before is not State.VERIFIED and _is_taken(site):
        how, problem = None, Problem.TAKEN
    after = rules.after_look(before, site.misses, proved=how is not None)
    site.state, site.misses, site.problem = after.state, after.misses, problem
    site.how = how or site.how
    site.checked_at = clock.now()
    site.check_at = clock.wall() + after.wait if after.wait else None
    facts = {"partner_id": site.partner_id, "host": site.host}
    if after.state is State.VERIFIED and before is not State.VERIFIED:
        site.verified_at = clock.now()
        site.link_id = site.link_id or _link(site)
        record("site.verified", f"site:{site.id}", how=str(how), **facts)
    if after.state is State.LOST and before is State.VERIFIED:
        record("site.lost", f"site:{site.id}", **facts)
    db.session.flush()


def get(public_id: str, partner_id: int | None = None) -> VerifiedSite:
    """Return a site, of one partner or of anybody. Raises NotFound."""
    found = queries.find(public_id, partner_id)
    if found is None:
        raise NotFound
    return found


def _is_taken(site: VerifiedSite) -> bool:
    """Whether somebody else has proved it; the lock keeps two from proving it at once."""
    key = f"site:{current_tenant()}:{site.host}"
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    query = select(VerifiedSite.id).where(
        VerifiedSite.host == site.host,
        VerifiedSite.state == State.VERIFIED,
        VerifiedSite.id != site.id,
    )
    return db.session.scalar(query) is not None


def _link(site: VerifiedSite) -> int:
    return links.create_for_site(site.partner_id, site.host).id


def _of(partner_id: int, host: str) -> VerifiedSite | None:
    query = select(VerifiedSite).where(
        VerifiedSite.partner_id == partner_id, VerifiedSite.host == host
    )
    return db.session.scalar(query)


def _refusal(words: str) -> DomainError:
    return DomainError("bad_site", words, FieldError("site", words))
