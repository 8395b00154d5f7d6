"""Reads: which secrets a merchant's shops sign with, how the widget looks, whose pages may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import any_, exists, select

from app.bonuses.models import LotPart
from app.calls.models import ApiCall
from app.extensions import db
from app.installation import settings
from app.links.rules import AddressError, ascii_domain
from app.members.models import Member
from app.tenants import queries as tenants
from app.tenants.models import ApiKey
from app.widget.models import WidgetKey, WidgetLook
from app.widget.rules import Look, read_look

if TYPE_CHECKING:
    from collections.abc import Sequence


def keys() -> Sequence[WidgetKey]:
    """Return the secrets in use, oldest first."""
    query = select(WidgetKey).where(WidgetKey.withdrawn_at.is_(None))
    return db.session.scalars(query.order_by(WidgetKey.id)).all()


def key(public_id: str) -> WidgetKey | None:
    """Return a secret in use by its outside id."""
    return db.session.scalar(
        select(WidgetKey).where(WidgetKey.public_id == public_id, WidgetKey.withdrawn_at.is_(None))
    )


def look() -> Look:
    """Return how the widget looks."""
    row = db.session.scalar(select(WidgetLook))
    return read_look(row.facts) if row else Look()


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a shop's way to bonuses: a key at work, a customer, a quote, an order that spent."""

    key: bool
    customer: bool
    quote: bool
    order: bool


def seen() -> Seen:
    """Return how far the merchant's shops have come; of quotes, as far as calls are kept."""
    key = select(ApiKey.id).where(ApiKey.revoked_at.is_(None), any_(ApiKey.scopes) == "orders")
    customer = select(Member.id).where(Member.key.startswith("id:"))
    asked = ApiCall.path.startswith("/api/v1/quotes") & (ApiCall.status == 200)
    quote, order = (
        select(ApiCall.id).where(asked),
        select(LotPart.id).where(LotPart.kind == "spend"),
    )
    row = db.session.execute(select(*map(exists, (key, customer, quote, order)))).one()
    return Seen(key=row[0], customer=row[1], quote=row[2], order=row[3])


def places() -> list[str]:
    """Return the domains of the merchant's shops, in ASCII, without www, perhaps with a port."""
    found = [domain for _shop, domain in tenants.stands()]
    if settings().env == "development":
        found.append(f"localhost:{settings().port}")  # the shop's page of bin/dev
    return sorted({domain.removeprefix("www.") for domain in map(_ascii, found) if domain})


def is_ours(origin: str) -> bool:
    """Tell whether a page of this origin is one of the merchant's shops; in production only by HTTPS."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    schemes = {"https"} if settings().production else {"https", "http"}
    if parts.scheme not in schemes or parts.path or parts.query or "@" in parts.netloc:
        return False
    host = _ascii(parts.netloc)
    return any(host == place or host.endswith(f".{place}") for place in places())


def ancestors() -> str:
    """Return who may show our page in a frame, as a content policy says it: the shops' pages alone."""
    schemes = ("https",) if settings().production else ("https", "http")
    known = [f"{scheme}://{name}" for p in places() for scheme in schemes for name in (p, f"*.{p}")]
    return " ".join(known) or "'none'"


def _ascii(domain: str) -> str:
    try:
        return ascii_domain(domain)
    except (ValueError, AddressError):
        return ""
