"""Read clicks by their tokens, and the journal of claims."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from crawlerdetect import CrawlerDetect
from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import aliased

from app import clock
from app.attribution.models import Binding, Claim, Click, Enrolment
from app.attribution.rules import Kind, Reason
from app.extensions import db
from app.installation import settings
from app.links.models import Link
from app.links.rules import click_key, open_click
from app.partners.models import Partner
from app.partners.queries import terms_of
from app.programs.queries import conditions
from app.tenancy import current_tenant
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# On that list too, and yet in the hands of shops and of people.
TOOLS = re.compile(
    r"headless|python|curl|wget|httpx?/|java|okhttp|go-http|node|axios|guzzle", re.IGNORECASE
)
LOOKED_AT = 1000  # clicks
MOST_OF_A_VISIT = 5  # people whom one click may bring as leads
MOST_OF_A_DAY = 20  # leads a day by a bare code, where visitors' browsers keep us out
DAY = timedelta(days=1)
FLAWS = {"frame": Reason.HIDDEN_FRAME}  # any other flag of a stored click is a machine's


@dataclass(frozen=True)
class SeenClick:
    """What a token proves: whose link was followed and when; `flaw` when the row disqualifies it."""

    partner_id: int
    link_id: int
    at: datetime
    flaw: Reason | None
    by_site: bool = False  # nobody followed a link: he came from a verified site


def read_clicks(tokens: Iterable[str]) -> dict[str, SeenClick]:
    """Return what click tokens of this tenant prove; tokens that prove nothing are absent.

    The token is evidence enough, also where its row is gone by age; a row that stands may
    disqualify it.
    """
    key = click_key(settings().secret_key)
    opened = {token: open_click(token, [key]) for token in set(tokens)}
    own = {t: c for t, c in opened.items() if c is not None and c.tenant == current_tenant()}
    if not own:
        return {}
    links = db.session.execute(
        select(Link.id, Link.partner_id, Link.is_site).where(
            Link.id.in_({c.link for c in own.values()})
        )
    )
    found = {row.id: row for row in links}
    rows = db.session.execute(
        select(Click.at, Click.nonce, Click.flag, Click.user_agent).where(
            tuple_(Click.at, Click.nonce).in_({(c.at, c.nonce) for c in own.values()})
        )
    )
    flags = {(row.at, row.nonce): row.flag or _second_look(row.user_agent) for row in rows}
    return {
        token: SeenClick(
            found[click.link].partner_id,
            click.link,
            click.at,
            _flaw(flags.get((click.at, click.nonce))),
            found[click.link].is_site,
        )
        for token, click in own.items()
        if click.link in found
    }


@lru_cache(maxsize=4096)
def _second_look(agent: str | None) -> str | None:
    """Return "bot" for a machine's user agent, by a list too long to be asked at each click."""
    if not agent or TOOLS.search(agent):
        return None
    return "bot" if CrawlerDetect().isCrawler(agent) else None


def _flaw(flag: str | None) -> Reason | None:
    return None if flag is None else FLAWS.get(flag, Reason.BOT)


@dataclass(frozen=True)
class Entry:
    """One claim on an order: what, whose, when, won or lost and why."""

    kind: str
    evidence: str
    partner: str | None
    touch_at: datetime | None
    won: bool
    why: str
    how: str = ""  # by what it came, where that was no order: registered, subscribed


def journal(order_id: int, partner_id: int | None = None) -> list[Entry]:
    """Return every claim on an order, the winner first; of one partner alone, his own."""
    mine = () if partner_id is None else (Claim.partner_id == partner_id,)
    rows = db.session.execute(
        select(Claim, Partner.name)
        .outerjoin(
            Partner, (Partner.tenant_id == Claim.tenant_id) & (Partner.id == Claim.partner_id)
        )
        .where(Claim.order_id == order_id, *mine)
        .order_by(Claim.won.desc(), Claim.id)
    )
    return [Entry(c.kind, c.evidence, name, c.touch_at, c.won, c.why) for c, name in rows]


@dataclass(frozen=True)
class Bound:
    """Whose a customer is: since when and until when (None: for good), and by what."""

    refcode: str
    since: datetime
    until: datetime | None
    how: str


def bound_to(member_id: int) -> Bound | None:
    """Return to whom a customer is bound now; where bindings do not last, only an enrolment's holds."""
    row = db.session.execute(
        select(Binding, Partner)
        .join(
            Partner, (Partner.tenant_id == Binding.tenant_id) & (Partner.id == Binding.partner_id)
        )
        .where(Binding.member_id == member_id)
    ).one_or_none()
    if row is None:
        return None
    binding, partner = row
    if setting("lifetime"):
        return Bound(partner.refcode, binding.since, None, binding.how)
    terms = terms_of(partner)
    days = conditions([terms.id])[terms.id].window_days
    until = binding.since + timedelta(days=setting("window_days") if days is None else days)
    if binding.order_id is not None or until < clock.now():
        return None
    return Bound(partner.refcode, binding.since, until, binding.how)


def enrolments(member_id: int) -> list[Entry]:
    """Return what came with a customer's registration or subscriptions, the winner first."""
    rows = db.session.execute(
        select(Enrolment, Partner.name)
        .outerjoin(
            Partner,
            (Partner.tenant_id == Enrolment.tenant_id) & (Partner.id == Enrolment.partner_id),
        )
        .where(Enrolment.member_id == member_id)
        .order_by(Enrolment.won.desc(), Enrolment.since, Enrolment.id)
    )
    return [Entry(e.kind, e.evidence, name, e.touch_at, e.won, e.why, e.how) for e, name in rows]


def clicks_of_links(link_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Return how many clicks of people each link had, and how many of them scanned a QR code."""
    query = (
        select(Click.link_id, func.count(), func.count().filter(Click.kind == "scan"))
        .where(Click.link_id.in_(set(link_ids)), Click.flag.is_(None))
        .group_by(Click.link_id)
    )
    return {row[0]: (row[1], row[2]) for row in db.session.execute(query)}


def orders_of_links(partner_id: int, kind: str = "click") -> dict[int, int]:
    """Return how many orders each link of the partner won by a click, or by a visit from a site."""
    won = select(Claim.evidence).where(
        Claim.partner_id == partner_id, Claim.kind == kind, Claim.won
    )
    key = click_key(settings().secret_key)
    opened = (open_click(token, [key]) for token in db.session.scalars(won))
    return dict(Counter(click.link for click in opened if click is not None))


def last_visit() -> Click | None:
    """Return the newest click that the landing script counted, among the last thousand of all."""
    latest = select(Click).order_by(Click.at.desc()).limit(LOOKED_AT).subquery()
    newest = aliased(Click, latest)
    query = select(newest).where(newest.kind == "script").order_by(newest.at.desc()).limit(1)
    return db.session.scalars(query).one_or_none()


def is_worn(evidence: str, kind: Kind) -> bool:
    """Whether a visit has stood for as many people as share a browser.

    A bare code has no visit of its own: it stands for as many as one day may bring by it.
    """
    query = select(func.count()).select_from(Enrolment).where(Enrolment.evidence == evidence)
    if kind is Kind.CLICK:
        return (db.session.scalar(query) or 0) >= MOST_OF_A_VISIT
    query = query.where(Enrolment.kind == kind.value, Enrolment.since > clock.now() - DAY)
    return (db.session.scalar(query) or 0) >= MOST_OF_A_DAY
