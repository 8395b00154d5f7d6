"""PUT and GET of customers, by the shop's own ids; what comes with them binds them to a partner."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _

from app import clock
from app.attribution import explain
from app.attribution.queries import bound_to, enrolments
from app.attribution.rules import Kind
from app.coupons import queries as coupons
from app.earnings import service as earnings
from app.errors import DomainError, FieldError, NotFound
from app.intake import service as intake
from app.members import queries
from app.members.rules import key_of, normalise_email, normalise_phone, region_of
from app.members.schemas import MemberIn, MemberOut
from app.members.service import Card, Contact
from app.orders.api import check_id
from app.site.access import requires

if TYPE_CHECKING:
    from app.members.models import Member

bp = APIBlueprint("members", __name__, url_prefix="/members", tag="Members")

EVIDENCE = (("click", Kind.CLICK), ("partner_code", Kind.PARTNER_CODE), ("ref", Kind.REF))
PLAIN = ("name", "email", "phone", "group", "birthday", "registered_at", "locale")
KEPT = frozenset({*PLAIN, "letters"})


@bp.put("/<customer:external_id>")
@bp.input(MemberIn)
@bp.output(MemberOut)
@requires("orders")
def put(external_id: str, json_data: MemberIn) -> dict[str, Any]:
    """Say who a customer is: what is absent stays as it was, null clears; evidence binds from now on."""
    card = _card(json_data)
    contact = Contact(
        shop_id=g.shop_id,
        customer_id=_known(external_id),
        email=card.email,
        phone=card.phone,
        name=card.name,
        group=card.group,
        seen_at=clock.now(),
    )
    said, is_new = json_data.model_dump(), queries.by_external(g.shop_id, external_id) is None
    evidence = [(kind, said[name]) for name, kind in EVIDENCE if said[name]]
    member_id = intake.introduce(contact, evidence, "registered", card)
    if is_new:
        key = f"member.registered:{member_id}"
        earnings.happened(g.tenant, "member.registered", key, member_id, clock.now())
    return show(external_id)


@bp.get("/<customer:external_id>")
@bp.output(MemberOut)
@requires("orders")
def get(external_id: str) -> dict[str, Any]:
    """Return a customer, and whose he is."""
    return show(external_id)


def show(external_id: str) -> dict[str, Any]:
    """Write a customer as answers carry him; raises NotFound."""
    found = queries.by_external(g.shop_id, external_id)
    if found is None:
        raise NotFound
    return {
        "id": external_id,
        **{name: getattr(found, name) for name in PLAIN},
        "birthday_fixed": found.birthday_given_at is not None,
        "letters": found.letters and found.muted_at is None,
        **_partner(found),
        "coupon": _coupon(found),
    }


def _coupon(member: Member) -> dict[str, Any] | None:
    given = coupons.given_to(member.id)
    return None if given is None else asdict(given)


def _partner(member: Member) -> dict[str, Any]:
    bound, came = bound_to(member.id), enrolments(member.id)
    reason = explain.unbound(bound, came)
    return {
        "partner": asdict(bound) if bound else None,
        "reason": reason,
        "reason_text": explain.why(reason) if reason else None,
        "claims": [
            {"kind": c.kind, "evidence": c.evidence, "partner": c.partner, "won": c.won,
             "how": c.how, "reason": c.why, "reason_text": explain.why(c.why)}
            for c in came
        ],
    }  # fmt: skip


def _known(external_id: str) -> str:
    """Refuse ids by which shops mean a guest, beside those that no shop has."""
    if (key_of(check_id(external_id), None, None)) is None:
        words = _("Give the customer's own id in the shop.")
        raise DomainError("invalid", words)
    return external_id


def _card(body: MemberIn) -> Card:
    said = body.model_dump(exclude_unset=True)
    region, wrong = region_of(g.tenant.currency), []
    if said.get("email") and (email := normalise_email(said["email"])) is None:
        wrong.append(FieldError("email", _("This is no e-mail address.")))
    elif said.get("email"):
        said["email"] = email
    if said.get("phone") and (phone := normalise_phone(said["phone"], region)) is None:
        wrong.append(FieldError("phone", _("This is no phone number.")))
    elif said.get("phone"):
        said["phone"] = phone
    if said.get("birthday"):
        try:
            said["birthday"] = date.fromisoformat(said["birthday"])
        except ValueError:
            wrong.append(FieldError("birthday", _("There is no such day.")))
    if wrong:
        raise DomainError("invalid", _("The customer cannot be taken as he is."), *wrong)
    if said.get("locale"):
        said["locale"] = said["locale"].partition("-")[0]
    if "letters" in said:
        said["letters"] = said["letters"] is not False
    plain = {name: said[name] or None for name in said.keys() & frozenset(PLAIN)}
    return Card(frozenset(said.keys() & KEPT), **plain, letters=said.get("letters", True))
