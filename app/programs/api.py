"""Sets of partner terms, partner groups and campaigns."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _

from app import clock
from app.errors import DomainError, FieldError, NotFound
from app.extensions import db
from app.money import to_decimal_string
from app.partners import queries as partners
from app.partners.service import lead_to_terms, read_scopes, written_scopes
from app.programs import queries, service
from app.programs.models import Campaign, Group, Terms
from app.programs.rules import SCOPES
from app.programs.schemas import (
    CampaignIn,
    CampaignList,
    CampaignOut,
    GroupIn,
    GroupList,
    GroupOut,
    TermsIn,
    TermsList,
    TermsOut,
)
from app.site.access import requires
from app.web.bodies import PageIn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Select

bp = APIBlueprint("programs", __name__, tag="Terms, groups and campaigns")
NEVER_NULL = frozenset({"name", "text", "levels", "levels_by_buyer", "valid_from", "codes"})


@bp.get("/terms")
@bp.input(PageIn, location="query")
@bp.output(TermsList)
@requires("partners")
def terms_list(query_data: PageIn) -> dict[str, Any]:
    """List sets of terms, the base first."""
    found, following = _page(query_data, queries.terms_listed(), Terms.id)
    return {"items": _terms(found), "next": following}


@bp.post("/terms")
@bp.input(TermsIn)
@bp.output(TermsOut, status_code=201)
@requires("partners")
def create_terms(json_data: TermsIn) -> dict[str, Any]:
    """Make a set of terms with one to nine levels."""
    said, codes = _said(json_data)
    terms = service.create_terms(**said)
    if codes:
        lead_to_terms(terms.id, codes)
    return _terms([terms])[0]


@bp.get("/terms/<string:terms_id>")
@bp.output(TermsOut)
@requires("partners")
def show_terms(terms_id: str) -> dict[str, Any]:
    """Return a set of terms by its id or name."""
    return _terms([_found(terms_id)])[0]


@bp.patch("/terms/<string:terms_id>")
@bp.input(TermsIn)
@bp.output(TermsOut)
@requires("partners")
def change_terms(terms_id: str, json_data: TermsIn) -> dict[str, Any]:
    """Change what is given; a real change is a new version, for orders made from now on."""
    said, codes = _said(json_data)
    terms = service.change_terms(_found(terms_id), **said)
    if codes is not None:
        lead_to_terms(terms.id, codes)
    return _terms([terms])[0]


@bp.get("/groups")
@bp.input(PageIn, location="query")
@bp.output(GroupList)
@requires("partners")
def groups(query_data: PageIn) -> dict[str, Any]:
    """List partner groups as they were made."""
    found, following = _page(query_data, queries.groups_listed(), Group.id)
    return {"items": _groups(found), "next": following}


@bp.post("/groups")
@bp.input(GroupIn)
@bp.output(GroupOut, status_code=201)
@requires("partners")
def create_group(json_data: GroupIn) -> dict[str, Any]:
    """Make a partner group with rates, and perhaps terms, of its own."""
    said = _group_said(json_data)
    return _groups([service.create_group(**said)])[0]


@bp.patch("/groups/<string:group_id>")
@bp.input(GroupIn)
@bp.output(GroupOut)
@requires("partners")
def change_group(group_id: str, json_data: GroupIn) -> dict[str, Any]:
    """Change a group's name, rates and terms, from now on."""
    group = queries.find_group(group_id)
    if group is None:
        raise NotFound
    return _groups([service.change_group(group, **_group_said(json_data))])[0]


@bp.get("/campaigns")
@bp.input(PageIn, location="query")
@bp.output(CampaignList)
@requires("partners")
def campaigns(query_data: PageIn) -> dict[str, Any]:
    """List campaigns, newest first."""
    found, following = _page(query_data, queries.all_campaigns(), Campaign.id, down=True)
    return {"items": _campaigns(found), "next": following}


@bp.post("/campaigns")
@bp.input(CampaignIn)
@bp.output(CampaignOut, status_code=201)
@requires("partners")
def create_campaign(json_data: CampaignIn) -> dict[str, Any]:
    """Make a campaign; it ends by itself."""
    return _campaigns([service.create_campaign(**_campaign_said(json_data))])[0]


@bp.get("/campaigns/<string:campaign_id>")
@bp.output(CampaignOut)
@requires("partners")
def show_campaign(campaign_id: str) -> dict[str, Any]:
    """Return a campaign by its id."""
    return _campaigns([_campaign(campaign_id)])[0]


@bp.patch("/campaigns/<string:campaign_id>")
@bp.input(CampaignIn)
@bp.output(CampaignOut)
@requires("partners")
def change_campaign(campaign_id: str, json_data: CampaignIn) -> dict[str, Any]:
    """Change what is given, from now on; 409 for a campaign that is over."""
    found = _campaign(campaign_id)
    return _campaigns([service.change_campaign(found, **_campaign_said(json_data))])[0]


@bp.post("/campaigns/<string:campaign_id>/stop")
@bp.output(CampaignOut)
@requires("partners")
def stop_campaign(campaign_id: str) -> dict[str, Any]:
    """End a campaign now; orders made during it keep what they earned."""
    return _campaigns([service.stop_campaign(_campaign(campaign_id))])[0]


def _page(
    wanted: PageIn, statement: Select[Any], key: Any, *, down: bool = False
) -> tuple[Sequence[Any], str | None]:
    """Return one page of a list and the cursor to the next."""
    edge = wanted.before
    if edge is not None:
        statement = statement.where(key < edge if down else key > edge)
    ordered = statement.order_by(key.desc() if down else key).limit(wanted.limit + 1)
    found = db.session.scalars(ordered).all()
    shown = found[: wanted.limit]
    return shown, str(shown[-1].id) if len(found) > len(shown) else None


def _invalid(name: str, words: str) -> DomainError:
    return DomainError("invalid", words, FieldError(name, words))


def _said(body: TermsIn) -> tuple[dict[str, Any], list[str] | None]:
    """Return what services take, and the codes that are to lead to the terms."""
    said = body.model_dump(exclude_unset=True)
    said = {name: v for name, v in said.items() if v is not None or name not in NEVER_NULL}
    if "cashback" in said:
        said["cashback_rate"] = said.pop("cashback")
    if "cap" in said:
        said["cap"] = service.read_sum(said["cap"], "cap")
    return said, said.pop("codes", None)


def _group_said(body: GroupIn) -> dict[str, Any]:
    said = body.model_dump(exclude_unset=True)
    if "terms" in said:
        named = said.pop("terms")
        terms = queries.find_terms(named) if named else None
        if named and terms is None:
            raise _invalid("terms", _("There are no such terms."))
        said["terms_id"] = terms.id if terms else None
    return {name: v for name, v in said.items() if v is not None or name == "terms_id"}


def _campaign_said(body: CampaignIn) -> Any:
    said = body.model_dump(exclude_unset=True)
    scopes = {name: said.pop(name) or [] for name in SCOPES if name in said}
    times = {"starts": "starts_at", "to": "ends_at"}
    said = {times.get(n, n): v for n, v in said.items() if v is not None or n in times}
    return said | read_scopes(scopes, g.shop_id)


def _found(said: str) -> Terms:
    terms = queries.find_terms(said)
    if terms is None:
        raise NotFound
    return terms


def _campaign(public_id: str) -> Campaign:
    found = queries.find_campaign(public_id)
    if found is None:
        raise NotFound
    return found


def _terms(found: Sequence[Terms]) -> list[dict[str, Any]]:
    now, counts = queries.conditions(terms.id for terms in found), partners.terms_counts()
    return [
        {
            "id": terms.public_id,
            "name": terms.name,
            "text": terms.text,
            "version": terms.version,
            "is_base": terms.is_base,
            "levels": each.levels,
            "hold_days": each.hold_days,
            "window_days": each.window_days,
            "base": {"bonus": False, **each.base}
            | {name: getattr(each, name) for name in ("shipping", "tax", "discount")},
            "levels_by_buyer": each.levels_by_buyer,
            "cashback": each.cashback_rate,
            "cap": None if each.cap is None else to_decimal_string(each.cap, g.tenant.currency),
            "codes": [code.display for code in partners.codes_to(terms.id)],
            "partners": counts.get(terms.id, 0),
            "valid_from": terms.valid_from.astimezone(UTC),
            "valid_to": _utc(terms.valid_to),
        }
        for terms in found
        for each in (now[terms.id],)
    ]


def _groups(found: Sequence[Group]) -> list[dict[str, Any]]:
    levels = queries.group_levels(group.id for group in found)
    terms, counts = {t.id: t.name for t in queries.all_terms()}, partners.group_counts()
    return [
        {
            "id": group.public_id,
            "name": group.name,
            "levels": levels[group.id],
            "levels_by_buyer": queries.group_by_buyer(group.id),
            "terms": terms.get(group.terms_id or 0),
            "partners": counts.get(group.id, 0),
        }
        for group in found
    ]


def _campaigns(found: Sequence[Campaign]) -> list[dict[str, Any]]:
    offers, now = queries.offers_of(found), clock.now()
    return [
        {
            "id": campaign.public_id,
            "name": campaign.name,
            "state": campaign.state(now),
            "levels": offers[campaign.id]["levels"],
            "from": campaign.starts_at.astimezone(UTC),
            "to": _utc(campaign.ends_at),
            **written_scopes(offers[campaign.id]),
        }
        for campaign in found
    ]


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
