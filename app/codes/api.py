"""Partners' promo codes: made, changed and listed by programs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask_babel import gettext as _

from app.codes import queries, service
from app.codes.rules import ALWAYS, Conditions
from app.codes.schemas import CodeChange, CodeIn, CodeList, CodeRow, CodesIn
from app.errors import DomainError, FieldError, NotFound
from app.partners import queries as partners
from app.partners.models import Code
from app.site.access import requires
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

bp = APIBlueprint("codes", __name__, url_prefix="/codes", tag="Codes")


@bp.get("")
@bp.input(CodesIn, location="query")
@bp.output(CodeList)
@requires("partners")
def index(query_data: CodesIn) -> dict[str, Any]:
    """List promo codes, newest first."""
    limit, statement = query_data.limit, queries.listed()
    if query_data.partner:
        partner = partners.by_refcode(query_data.partner)
        statement = statement.where(Code.partner_id == (partner.id if partner else 0))
    if query_data.before is not None:
        statement = statement.where(Code.id < query_data.before)
    found = queries.newest(statement, limit + 1)
    following = str(found[limit - 1].code.id) if len(found) > limit else None
    return {"items": _out(found[:limit]), "next": following}


@bp.post("")
@bp.input(CodeIn)
@bp.output(CodeRow, status_code=201)
@requires("partners")
def create(json_data: CodeIn) -> dict[str, Any]:
    """Give a partner a code, made by the merchant's pattern unless said."""
    said = json_data.model_dump(exclude_unset=True)
    partner = partners.by_refcode(json_data.partner)
    if partner is None:
        raise _invalid("partner", _("There is no such partner."))
    made = service.create(
        partner,
        service.NewCode(
            code=said.get("code") or "",
            conditions=_conditions(said, ALWAYS),
            note=said.get("note") or "",
            gives=said.get("gives"),
        ),
    )
    return _shown(made.display)


@bp.patch("/<string:code>")
@bp.input(CodeChange)
@bp.output(CodeRow)
@requires("partners")
def change(code: str, json_data: CodeChange) -> dict[str, Any]:
    """Change what a code is good for: orders made before keep what held then."""
    row, said = queries.by_code(code), json_data.model_dump(exclude_unset=True)
    if row is None:
        raise NotFound
    gives = said.get("gives", row.code.gives)
    note = said.get("note", row.code.note) or ""
    service.change(row.code, _conditions(said, row.conditions), note, gives)
    return _shown(row.code.display)


def _conditions(said: Mapping[str, Any], before: Conditions) -> Conditions:
    names = {"valid_from": "starts", "valid_to": "ends", "limit": "limit"}
    changes = {ours: said[theirs] for theirs, ours in names.items() if theirs in said}
    if said.get("active") is not None:
        changes["off"] = not said["active"]
    if "shop" in said:
        shop = tenants.shop(said["shop"]) if said["shop"] else None
        if said["shop"] and shop is None:
            raise _invalid("shop", _("There is no such shop."))
        changes["shop_id"] = shop.id if shop else None
    return replace(before, **changes)


def _shown(code: str) -> dict[str, Any]:
    row = queries.by_code(code)
    if row is None:
        raise NotFound
    return _out([row])[0]


def _out(rows: Sequence[queries.Row]) -> list[dict[str, Any]]:
    shops = {shop.id: shop.public_id for shop in tenants.shops()}
    return [
        {
            "code": row.code.display,
            "partner": row.partner.refcode,
            "state": row.state,
            "valid_from": row.conditions.starts,
            "valid_to": row.conditions.ends,
            "limit": row.conditions.limit,
            "used": row.used if row.conditions.limit is not None else None,
            "shop": shops.get(row.conditions.shop_id or 0),
            "active": not row.conditions.off,
            "gives": row.code.gives,
            "note": row.code.note,
        }
        for row in rows
    ]


def _invalid(name: str, words: str) -> DomainError:
    return DomainError("invalid", words, FieldError(name, words))
