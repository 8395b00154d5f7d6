"""The back office: moving a partner in the tree, looked at before it is done; removal and its way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from app.errors import DomainError
from app.network import queries as network
from app.partners import queries, service
from app.partners.forms import EndForm, RemovalForm, SponsorForm
from app.partners.office.card import basics
from app.partners.office.lists import bp, partner_of, sponsor_id_of
from app.partners.rules import Children, Status
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from datetime import datetime

    from flask import Response

    from app.partners.models import Partner


@bp.post("/card/<string:refcode>/sponsor/preview")
@requires("manage")
def preview_sponsor(refcode: str) -> Response:
    """Take the wish; what it means is another page, which can be looked at again."""
    partner, form = partner_of(refcode), SponsorForm()
    if form.validate_on_submit():
        try:
            _check(partner, form)
        except DomainError as error:
            form.tell(error)
        else:
            wish = {n: form[n].data for n in ("sponsor", "since", "until") if form[n].data}
            return see_other("office.partners.sponsor_preview", refcode=partner.refcode, **wish)
    return basics(partner, sponsor=form)


@bp.get("/card/<string:refcode>/sponsor/preview")
@requires("manage")
def sponsor_preview(refcode: str) -> Response:
    """Show who moves, who gains and who loses, and what 90 days would have paid; nothing is done yet."""
    partner = partner_of(refcode)
    said = {name: request.args.get(name, "") for name in ("sponsor", "since", "until")}
    form = SponsorForm(formdata=MultiDict(said), meta={"csrf": False})
    if not form.validate():
        return basics(partner, sponsor=form)
    try:
        start = _check(partner, form)
    except DomainError as error:
        form.tell(error)
        return basics(partner, sponsor=form)
    sponsor = sponsor_id_of(form.sponsor.data)
    size, depth, exact = network.branch_size(partner.id)
    cards = queries.cards([sponsor, queries.sponsors_at([partner.id]).get(partner.id)])
    return page(
        "partners/office/sponsor.html",
        partner=partner,
        form=SponsorForm(formdata=None, data={n: form[n].data for n in said}),
        start=start,
        now=cards.get(queries.sponsors_at([partner.id]).get(partner.id, 0)),
        then=cards.get(sponsor or 0),
        size=size,
        depth=depth,
        exact=exact,
        rehearsal=network.rehearse(partner.id, sponsor, start),
    )


@bp.post("/card/<string:refcode>/end")
@requires("manage")
def end_commissions(refcode: str) -> Response:
    """Set the last day of the parent's commissions."""
    partner, form = partner_of(refcode), EndForm(prefix="end")
    if form.validate_on_submit():
        try:
            service.end_commissions(partner, form.until.data)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.partners.card", refcode=partner.refcode, message=_("Saved."))
    return basics(partner, end=form)


@bp.get("/card/<string:refcode>/remove")
@requires("manage")
def removal(refcode: str) -> Response:
    """Show what a removal means for the branch."""
    return _removal(partner_of(refcode), RemovalForm(formdata=None))


@bp.post("/card/<string:refcode>/remove")
@requires("manage")
def remove(refcode: str) -> Response:
    """Remove the partner, with or without moving those below."""
    partner, form = partner_of(refcode), RemovalForm()
    if not form.validate_on_submit():
        return _removal(partner, form, 422)
    try:
        moved = service.remove_with(partner, Children(form.children.data), form.reason.data or "")
    except DomainError as error:
        if not error.errors:
            raise
        form.tell(error)
        return _removal(partner, form, 422)
    undo = url_for("office.partners.restore", refcode=partner.refcode)
    words = _("Removed from the program.")
    if moved is not None and moved.finished_at is None:
        words = _("Removed from the program. The branch is being moved.")
    return see_other("office.partners.card", refcode=partner.refcode, message=words, undo=undo)


@bp.post("/card/<string:refcode>/restore")
@requires("manage")
def restore(refcode: str) -> Response:
    """Take the removal back."""
    partner = partner_of(refcode)
    back = service.restore(partner)
    words = ngettext(
        "In the program again; %(num)s partner came back below.",
        "In the program again; %(num)s partners came back below.",
        back,
    )
    told = words if back else _("In the program again.")
    return see_other("office.partners.card", refcode=partner.refcode, message=told)


def _check(partner: Partner, form: SponsorForm) -> datetime:
    sponsor = sponsor_id_of(form.sponsor.data)
    return service.check_sponsor(partner, sponsor, form.since.data, form.until.data)


def _removal(partner: Partner, form: RemovalForm, status: int = 200) -> Response:
    size, depth, exact = network.branch_size(partner.id)
    above = queries.line_above(partner.id)
    heirs = [card for card in above if card.status in {Status.ACTIVE, Status.BLOCKED}]
    return page(
        "partners/office/removal.html",
        status=status,
        partner=partner,
        form=form,
        direct=queries.recruit_counts([partner.id])[partner.id],
        size=size,
        depth=depth,
        exact=exact,
        heir=heirs[-1] if heirs else None,
    )
