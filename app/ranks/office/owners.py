"""The back office: who holds the rights to which goods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select

from app.errors import DomainError, FieldError, NotFound
from app.extensions import db
from app.members.models import Member
from app.partners.models import Partner
from app.ranks import queries, service
from app.ranks.forms import OF_WORDS, RightsForm
from app.ranks.office.door import bp
from app.ranks.service import Rights
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Response

    from app.ranks.models import SupplierOwner


@bp.get("/rights/")
@requires("read")
def rights() -> Response:
    """List who holds rights to goods, or held them."""
    return _rights(RightsForm(formdata=None))


@bp.post("/rights/")
@requires("manage")
def give_rights() -> Response:
    """Let a customer or a partner hold rights."""
    form = RightsForm()
    if form.validate_on_submit():
        try:
            service.hold_rights(_said(form), form.starts_on.starts_at)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.ranks.rights", message=_("Saved."))
    return _rights(form, 422)


@bp.post("/rights/<string:rights_id>/end")
@requires("manage")
def end_rights(rights_id: str) -> Response:
    """End rights, from now on."""
    found = queries.owner(rights_id)
    if found is None:
        raise NotFound
    service.end_rights(found)
    return see_other("office.ranks.rights", message=_("Saved."))


def _said(form: RightsForm) -> Rights:
    """Return what the form says, with the customer or the partner looked up. Raises DomainError."""
    name = form.name.data.strip()
    said = Rights(of=form.of.data, word=form.word.data, share=form.share.data)
    if form.who.data == "partner":
        query = select(Partner.id).where(Partner.refcode == name.casefold())
        found = db.session.scalar(query)
        if found is None:
            words = _("There is no partner with this code.")
            raise DomainError("no_partner", words, FieldError("name", words))
        return Rights(of=said.of, word=said.word, share=said.share, partner_id=found)
    query = select(Member.id).where(Member.key == f"id:{name}").order_by(Member.id)
    found = db.session.scalar(query.limit(1))
    if found is None:
        words = _("The shop has no customer with this id.")
        raise DomainError("no_customer", words, FieldError("name", words))
    return Rights(of=said.of, word=said.word, share=said.share, member_id=found)


def _rights(form: RightsForm, status: int = 200) -> Response:
    held = queries.owners()
    return page(
        "ranks/office/rights.html",
        status=status,
        held=held,
        people=_people(held),
        form=form,
        of=OF_WORDS,
    )


def _people(held: Iterable[SupplierOwner]) -> dict[int, tuple[str, bool]]:
    """Return the name of who holds each right, and whether he can be paid in bonuses."""
    partners = {
        row.id: row
        for row in db.session.scalars(
            select(Partner).where(Partner.id.in_({each.partner_id for each in held}))
        )
    }
    ids = {each.member_id for each in held} | {each.member_id for each in partners.values()}
    members = {row.id: row for row in db.session.scalars(select(Member).where(Member.id.in_(ids)))}
    found = {}
    for each in held:
        partner = partners.get(each.partner_id or 0)
        member = members.get((partner.member_id if partner else each.member_id) or 0)
        name = partner.name if partner else (member.name or member.key) if member else ""
        found[each.id] = name or "", member is not None and member.key.startswith("id:")
    return found
