"""Partners with their answers and consents, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import select

from app.extensions import db
from app.participation.models import Consent
from app.participation.queries.people import told
from app.partners.models import Partner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.participation.rules import Question

HEAD = (
    _l("Refcode"),
    lazy_pgettext("person", "Name"),
    _l("E-mail"),
    _l("Phone"),
    _l("Site"),
    _l("State"),
    _l("Joined"),
    _l("Agreed to"),
)
TOGETHER = 1_000


def lines(asked: Sequence[Question], language: str, timezone: str) -> Iterator[list[Any]]:
    """Return every partner's line, the oldest first; times on the merchant's clock."""
    zone, after = ZoneInfo(timezone), 0
    while True:
        query = select(Partner).where(Partner.id > after).order_by(Partner.id).limit(TOGETHER)
        found = db.session.scalars(query).all()
        agreed = _agreed([partner.id for partner in found])
        for partner in found:
            answers = (told(each, partner.answers.get(each.key), language) for each in asked)
            yield [
                partner.refcode,
                partner.name,
                partner.email,
                partner.phone,
                partner.site,
                partner.status,
                partner.created_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
                agreed.get(partner.id, ""),
                *(answer.value for answer in answers),
            ]
        if len(found) < TOGETHER:
            return
        after = found[-1].id


def _agreed(ids: Sequence[int]) -> dict[int, str]:
    """Return what each agreed to last, by kind and version: "offer 2, personal 1"."""
    query = select(Consent).where(Consent.partner_id.in_(ids)).order_by(Consent.id)
    latest: dict[int, dict[str, Consent]] = {}
    for each in db.session.scalars(query):
        latest.setdefault(each.partner_id, {})[each.kind] = each
    return {
        partner: ", ".join(f"{kind} {c.version}" for kind, c in sorted(said.items()) if c.given)
        for partner, said in latest.items()
    }
