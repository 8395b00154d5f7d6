"""First-order coupons: the pool filled by programs, and who was given one."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _

from app.coupons import queries, service
from app.coupons.models import Coupon
from app.coupons.rules import Entry
from app.coupons.schemas import CouponList, CouponsIn, FilledOut
from app.errors import DomainError, FieldError
from app.partners import queries as partners
from app.site.access import requires
from app.web.bodies import PageIn

bp = APIBlueprint("coupons", __name__, url_prefix="/coupons", tag="Codes")


@bp.post("")
@bp.input(CouponsIn)
@bp.output(FilledOut, status_code=201)
@requires("partners")
def fill(json_data: CouponsIn) -> dict[str, Any]:
    """Put coupons that the key's shop made into the pool; said twice, nothing is added."""
    if json_data.partner and partners.by_refcode(json_data.partner) is None:
        words = _("There is no such partner.")
        raise DomainError("invalid", words, FieldError("partner", words))
    lines = [
        Entry(n, code.strip(), json_data.partner) for n, code in enumerate(json_data.codes, start=1)
    ]
    done, pool = service.fill(lines, g.shop_id), queries.pool()
    return {
        "added": done.added,
        "known": [entry.code for entry in done.known],
        "unreadable": [entry.code for entry in done.unreadable],
        "free": pool.free,
        "owed": pool.owed,
    }


@bp.get("")
@bp.input(PageIn, location="query")
@bp.output(CouponList)
@requires("partners")
def index(query_data: PageIn) -> dict[str, Any]:
    """List coupons, newest first."""
    limit, statement = query_data.limit, queries.listed()
    if query_data.before is not None:
        statement = statement.where(Coupon.id < query_data.before)
    rows = queries.newest(statement, limit + 1)
    following = str(rows[limit - 1].Coupon.id) if len(rows) > limit else None
    known = partners.cards(row.Coupon.partner_id for row in rows)
    return {"items": [_row(row, known) for row in rows[:limit]], "next": following}


def _row(row: Any, known: dict[int, partners.Card]) -> dict[str, Any]:
    coupon, grant, member = row.Coupon, row.CouponGrant, row.Member
    owner = known.get(coupon.partner_id or 0)
    key = member.key if member is not None else ""
    return {
        "code": coupon.display,
        "state": queries.state_of(coupon),
        "partner": owner.refcode if owner else None,
        "customer": key.removeprefix("id:") if key.startswith("id:") else None,
        "value": grant.value if grant else None,
        "given_at": grant.given_at if grant else None,
    }
