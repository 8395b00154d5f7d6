"""Partners: made, changed and read by programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _

from app import clock
from app.errors import DomainError, FieldError, NotFound
from app.extensions import db
from app.ledger.queries import PartnerBalance, partner_balances
from app.links import service as links
from app.members.service import Contact, resolve
from app.money import to_decimal_string
from app.participation import service as participation
from app.partners import queries, service
from app.partners.models import Partner
from app.partners.rules import LIFECYCLE, Status
from app.partners.schemas import PartnerIn, PartnerList, PartnerOut, PartnersIn
from app.programs import queries as programs
from app.site.access import requires

if TYPE_CHECKING:
    from collections.abc import Sequence

bp = APIBlueprint("partners", __name__, url_prefix="/partners", tag="Partners")
NEVER_NULL = frozenset({"refcode", "name", "status", "comment"})
PLAIN = ("name", "email", "phone", "site", "comment", "codes", "levels")


@bp.post("")
@bp.input(PartnerIn)
@bp.output(PartnerOut, status_code=201)
@requires("partners")
def create(json_data: PartnerIn) -> dict[str, Any]:
    """Make a partner, active at once; with an e-mail the welcome letter goes out."""
    said = _said(json_data)
    if "name" not in said:
        raise _invalid("name", _("This is required."))
    answers = said.get("answers") or {}
    status = Status(said.pop("status", Status.ACTIVE))
    fields = {name: said[name] for name in PLAIN if name in said} | _named(said)
    first = Status.PENDING if status in {Status.PENDING, Status.REJECTED} else Status.ACTIVE
    new = service.NewPartner(
        **fields,
        refcode=said.get("refcode"),
        sponsor_id=_sponsor_id(said.get("sponsor")),
        sponsor_until=said.get("sponsor_until"),
        status=first,
    )
    partner = service.create(new)
    participation.change_answers(partner, answers)
    _move(partner, status)
    links.ensure_default(partner)
    return _out([partner])[0]


@bp.get("")
@bp.input(PartnersIn, location="query")
@bp.output(PartnerList)
@requires("partners")
def index(query_data: PartnersIn) -> dict[str, Any]:
    """List partners, newest first."""
    limit, statement = query_data.limit, queries.listed()
    if query_data.status:
        statement = statement.where(Partner.status == query_data.status)
    if query_data.q:
        statement = queries.matching(statement, query_data.q)
    if query_data.before is not None:
        statement = statement.where(Partner.id < query_data.before)
    found = list(db.session.scalars(statement.order_by(Partner.id.desc()).limit(limit + 1)))
    following = str(found[limit - 1].id) if len(found) > limit else None
    return {"items": _out(found[:limit]), "next": following}


@bp.get("/<string:refcode>")
@bp.output(PartnerOut)
@requires("partners")
def show(refcode: str) -> dict[str, Any]:
    """Return a partner by refcode (a renamed one too) or id, with the balance."""
    return _out([_found(refcode)])[0]


@bp.patch("/<string:refcode>")
@bp.input(PartnerIn)
@bp.output(PartnerOut)
@requires("partners")
def change(refcode: str, json_data: PartnerIn) -> dict[str, Any]:
    """Change what is given; rates, group, terms, sponsor and status hold from now on."""
    partner, said = _found(refcode), _said(json_data)
    status = said.pop("status", None)
    if "refcode" in said:
        service.rename_refcode(partner, said["refcode"])
    fields = {name: said[name] for name in PLAIN if name in said} | _named(said)
    service.change(partner, **fields)
    if "answers" in said:
        participation.change_answers(partner, said["answers"] or {})
    if {"sponsor", "sponsor_since", "sponsor_until"} & said.keys():
        now = queries.sponsors_at([partner.id]).get(partner.id)
        sponsor = _sponsor_id(said["sponsor"]) if "sponsor" in said else now
        days = (said.get("sponsor_since"), said.get("sponsor_until"))
        service.set_sponsor(partner, sponsor, *days)
    if status is not None:
        _move(partner, Status(status))
    return _out([partner])[0]


def _said(body: PartnerIn) -> dict[str, Any]:
    said = body.model_dump(exclude_unset=True)
    said |= {name: [] for name in ("codes", "levels") if name in said and said[name] is None}
    return {name: v for name, v in said.items() if v is not None or name not in NEVER_NULL}


def _found(refcode: str) -> Partner:
    partner = queries.by_refcode(refcode) if len(refcode) <= 200 else None
    if partner is None:
        raise NotFound
    return partner


def _named(said: dict[str, Any]) -> dict[str, Any]:
    """Turn the names of group, terms and member into our ids."""
    ids: dict[str, Any] = {}
    if "group" in said:
        group = programs.find_group(said["group"]) if said["group"] else None
        if said["group"] and group is None:
            raise _invalid("group", _("There is no such group."))
        ids["group_id"] = group.id if group else None
    if "terms" in said:
        terms = programs.find_terms(said["terms"]) if said["terms"] else None
        if said["terms"] and terms is None:
            raise _invalid("terms", _("There are no such terms."))
        ids["terms_id"] = terms.id if terms else None
    if "member" in said:
        ids["member_id"] = _member_id(said["member"]) if said["member"] else None
    return ids


def _member_id(external_id: str) -> int:
    contact = Contact(g.shop_id, external_id, None, None, None, None, clock.now())
    found = resolve([contact])[0].member_id
    if found is None:
        raise _invalid("member", _("Give the customer's own id in the shop."))
    return found


def _sponsor_id(refcode: str | None) -> int | None:
    if refcode is None:
        return None
    partner = queries.by_refcode(refcode)
    if partner is None:
        raise _invalid("sponsor", _("There is no such partner."))
    return partner.id


def _move(partner: Partner, wanted: Status) -> None:
    """Do the action that leads to the wanted state. Raises Conflict where none does."""
    now = Status(partner.status)
    if now == wanted:
        return
    leading = [a for a in LIFECYCLE.actions(now) if LIFECYCLE.next(now, a) == wanted]
    service.act(partner, leading[0] if leading else "")


def _invalid(name: str, words: str) -> DomainError:
    return DomainError("invalid", words, FieldError(name, words))


def _out(partners: Sequence[Partner]) -> list[dict[str, Any]]:
    """Return partners as answers carry them, in a fixed number of statements for any number of them."""
    ids = [partner.id for partner in partners]
    sponsors = queries.sponsors_at(ids)
    known = queries.cards(sponsors.values())
    codes, balances = queries.codes_of(ids), partner_balances(ids)
    levels = queries.levels_of(ids)
    groups = {group.id: group.name for group in programs.all_groups()}
    terms = {each.id: each.name for each in programs.all_terms()}
    of_groups = {group.id: group.terms_id for group in programs.all_groups()}
    members = queries.member_keys(p.member_id for p in partners)
    base = programs.base_terms().name
    return [
        {
            "id": partner.public_id,
            "refcode": partner.refcode,
            "name": partner.name,
            "email": partner.email,
            "phone": partner.phone,
            "site": partner.site,
            "sponsor": known[sponsors[partner.id]].refcode if partner.id in sponsors else None,
            "group": groups.get(partner.group_id or 0),
            "terms": terms.get(partner.terms_id or of_groups.get(partner.group_id or 0) or 0, base),
            "member": members.get(partner.member_id or 0),
            "codes": [code.display for code in codes[partner.id] if code.kind == "promo"],
            "levels": levels[partner.id],
            "status": partner.status,
            "created_at": partner.created_at,
            "answers": partner.answers,
            "customer_group": partner.customer_group,
            "balance": _balance(balances[partner.id]),
        }
        for partner in partners
    ]


def _balance(found: PartnerBalance) -> dict[str, str]:
    unit = g.tenant.currency
    return {
        name: to_decimal_string(getattr(found, name), unit)
        for name in ("pending", "available", "reserved", "debt")
    }
