"""Block a partner: what is to follow, in figures first; and undo it whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, url_for
from flask_babel import gettext as _

from app.errors import DomainError
from app.partners.office.lists import partner_of
from app.partners.queries import actor_names
from app.partners.rules import Status
from app.site.access import requires
from app.trust import queries, service
from app.trust.forms import BlockForm
from app.trust.office.door import bp
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.partners.models import Partner
    from app.trust.service import Preview


@bp.get("/partners/<string:refcode>/block")
@requires("manage")
def blocking(refcode: str) -> Response:
    """Offer to block an active partner; of a blocked one show what was done, and offer to undo it."""
    partner = partner_of(refcode)
    if partner.status == Status.BLOCKED:
        return _blocked(partner)
    return _form(partner, BlockForm(formdata=None))


@bp.post("/partners/<string:refcode>/block")
@requires("manage")
def block(refcode: str) -> Response:
    """Show what the block would do; do it when that was what was seen."""
    partner, form = partner_of(refcode), BlockForm()
    if not form.validate_on_submit():
        return _form(partner, form, status=422)
    try:
        figures = service.preview(partner, form.wish, g.tenant.currency)
        if form.seen.data != _seen(form, figures):
            form.seen.data = _seen(form, figures)
            return _form(partner, form, figures)
        made = service.block(partner, form.wish, g.tenant.currency)
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _form(partner, form, status=error.status)
    undo = url_for("office.trust.lift", block=made.public_id)
    words = _("Blocked. All of it can be taken back.")
    return see_other("office.trust.blocking", refcode=partner.refcode, message=words, undo=undo)


@bp.post("/blocks/<string:block>/lift")
@requires("manage")
def lift(block: str) -> Response:
    """Undo a block whole."""
    found = service.lift(block, g.tenant.currency)
    [partner] = queries.partners([found.partner_id])
    words = _("Unblocked: everything is as before.")
    if "request" in found.effects and not found.effects.get("asked_again"):
        words = _("Unblocked. The payout request could not be made anew: the money is not there.")
    return see_other("office.partners.card", refcode=partner.refcode, message=words)


def _form(
    partner: Partner, form: BlockForm, figures: Preview | None = None, status: int = 200
) -> Response:
    return page(
        "trust/office/block.html",
        status=status,
        partner=partner,
        form=form,
        figures=figures,
        earlier=queries.standing_block(partner.id),
    )


def _blocked(partner: Partner) -> Response:
    found = queries.standing_block(partner.id)
    return page(
        "trust/office/blocked.html",
        partner=partner,
        block=found,
        names=actor_names([found.actor]) if found else {},
    )


def _seen(form: BlockForm, figures: Preview) -> str:
    """Name the choices and their figures: another choice, or other figures, are shown anew."""
    wish, request = form.wish, figures.request
    said = (
        wish.refuse_from,
        wish.money,
        wish.reject,
        wish.links_off,
        wish.letter,
        figures.deals,
        figures.refused,
        figures.written_off,
        figures.after,
        request.public_id if request else None,
    )
    return ":".join(str(each) for each in said)
