"""Sets of partner terms and partner groups."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint

from app.errors import NotFound
from app.programs import queries, service
from app.programs.schemas import GroupIn, GroupList, GroupOut, TermsIn, TermsList, TermsOut
from app.site.access import requires

if TYPE_CHECKING:
    from app.programs.models import Group, Terms

bp = APIBlueprint("programs", __name__, tag="Terms and groups")
NEVER_NULL = frozenset({"name", "text", "levels", "valid_from"})


@bp.get("/terms")
@bp.output(TermsList)
@requires("partners")
def terms_list() -> dict[str, Any]:
    """List every set of terms, the base first."""
    return {"items": [_terms(each) for each in queries.all_terms()], "next": None}


@bp.post("/terms")
@bp.input(TermsIn)
@bp.output(TermsOut, status_code=201)
@requires("partners")
def create_terms(json_data: TermsIn) -> dict[str, Any]:
    """Make a set of terms with one to nine levels."""
    return _terms(service.create_terms(**_said(json_data)))


@bp.get("/terms/<string:terms_id>")
@bp.output(TermsOut)
@requires("partners")
def show_terms(terms_id: str) -> dict[str, Any]:
    """Return a set of terms by its id or name."""
    return _terms(_found(terms_id))


@bp.patch("/terms/<string:terms_id>")
@bp.input(TermsIn)
@bp.output(TermsOut)
@requires("partners")
def change_terms(terms_id: str, json_data: TermsIn) -> dict[str, Any]:
    """Change what is given; a real change is a new version, for orders made from now on."""
    return _terms(service.change_terms(_found(terms_id), **_said(json_data)))


@bp.get("/groups")
@bp.output(GroupList)
@requires("partners")
def groups() -> dict[str, Any]:
    """List every partner group."""
    return {"items": [_group(each) for each in queries.all_groups()], "next": None}


@bp.post("/groups")
@bp.input(GroupIn)
@bp.output(GroupOut, status_code=201)
@requires("partners")
def create_group(json_data: GroupIn) -> dict[str, Any]:
    """Make a partner group with rates of its own."""
    return _group(service.create_group(json_data.name, json_data.levels or ()))


@bp.patch("/groups/<string:group_id>")
@bp.input(GroupIn)
@bp.output(GroupOut)
@requires("partners")
def change_group(group_id: str, json_data: GroupIn) -> dict[str, Any]:
    """Change a group's name and rates, from now on."""
    group = queries.find_group(group_id)
    if group is None:
        raise NotFound
    return _group(service.change_group(group, name=json_data.name, levels=json_data.levels))


def _said(body: TermsIn) -> dict[str, Any]:
    said = body.model_dump(exclude_unset=True)
    return {name: v for name, v in said.items() if v is not None or name not in NEVER_NULL}


def _found(said: str) -> Terms:
    terms = queries.find_terms(said)
    if terms is None:
        raise NotFound
    return terms


def _terms(terms: Terms) -> dict[str, Any]:
    now = queries.conditions([terms.id])[terms.id]
    return {
        "id": terms.public_id,
        "name": terms.name,
        "text": terms.text,
        "version": terms.version,
        "is_base": terms.is_base,
        "levels": now.levels,
        "hold_days": now.hold_days,
        "window_days": now.window_days,
        "base": {"shipping": now.shipping, "tax": now.tax, "bonus": now.base.get("bonus", False)},
        "valid_from": terms.valid_from.astimezone(UTC),
        "valid_to": terms.valid_to.astimezone(UTC) if terms.valid_to else None,
    }


def _group(group: Group) -> dict[str, Any]:
    levels = queries.group_levels([group.id])[group.id]
    return {"id": group.public_id, "name": group.name, "levels": levels}
