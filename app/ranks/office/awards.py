"""The back office: awards, how they look, who bears them, given by hand and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import DomainError, FieldError, NotFound
from app.members import queries as members
from app.members import service as customers
from app.profiles import queries as profiles
from app.ranks import queries, service
from app.ranks.forms import AwardForm, GrantForm
from app.ranks.models import AwardGrant
from app.ranks.office.door import bp
from app.ranks.office.ladder import SAVED, show_index
from app.site.access import requires
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response

    from app.ranks.models import Award

BEARERS = Table(
    name="award-bearers",
    caption=_l("Who bears it"),
    key=AwardGrant.id,
    counted=False,
    default="-at",
    columns=(
        Column("name", _l("Customer"), render="name", main=True, value=lambda row: row.name,
               href=lambda row: url_for("office.members.show", member_id=row.grant.member_id)),
        Column("at", _l("Given on"), render="datetime", sort=AwardGrant.at, value=lambda row: row.grant.at),
        Column("reason", _l("For what"), value=lambda row: row.grant.reason or _("By a rule")),
        Column("undo", _l("Take back"), render="undo", tool=True),
    ),
    empty=Empty(_l("Nobody bears it yet"), _l("Rules of bonuses give it, or you do."), icon="star"),
)  # fmt: skip


@bp.post("/new/awards")
@requires("manage")
def create_award() -> Response:
    """Make an award."""
    form = AwardForm()
    if form.validate_on_submit():
        try:
            _define(form, None)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other(SAVED, message=_("Saved."))
    return show_index(422, award_form=form)


@bp.get("/awards/<string:word_id>")
@requires("read")
def award(word_id: str) -> Response:
    """Show one award and who bears it."""
    return _show(_award(word_id))


@bp.post("/awards/<string:word_id>")
@requires("manage")
def rename_award(word_id: str) -> Response:
    """Call an award otherwise, or let it look otherwise; rules go on knowing it."""
    found, form = _award(word_id), AwardForm()
    if form.validate_on_submit():
        try:
            _define(form, found)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.ranks.award", word_id=word_id, message=_("Saved."))
    return _show(found, 422, form=form)


@bp.post("/awards/<string:word_id>/give")
@requires("manage")
def grant(word_id: str) -> Response:
    """Give an award by hand to one customer or many."""
    found, form = _award(word_id), GrantForm()
    if form.validate_on_submit():
        try:
            ids = _customers(form)
            customers.lock(ids)
            many = service.grant_by_hand(found, ids, form.reason.data)
        except DomainError as error:
            form.tell(error)
        else:
            words = _("Given to %(num)s.", num=many)
            return see_other("office.ranks.award", word_id=word_id, message=words)
    return _show(found, 422, grant_form=form)


@bp.post("/awards/<string:word_id>/<int:grant_id>/undo")
@requires("manage")
def undo_grant(word_id: str, grant_id: int) -> Response:
    """Take an award back that was given by hand."""
    found = _award(word_id)
    given = queries.grant(found.id, grant_id)
    if given is None:
        raise NotFound
    customers.lock([given.member_id])
    service.undo_grant(found, given)
    return see_other("office.ranks.award", word_id=word_id, message=_("Taken back."))


@bp.post("/awards/<string:word_id>/remove")
@requires("manage")
def remove_award(word_id: str) -> Response:
    """Remove an award that nobody bears or bore and no rule names."""
    found = _award(word_id)
    naming = profiles.naming("award", found.code)
    if naming:
        words = _("The rule “%(name)s” names it: change or archive the rule first.", name=naming)
        return see_other("office.ranks.award", word_id=word_id, message=words)
    service.remove_award(found)
    return see_other(SAVED, message=_("Removed."))


def _award(word_id: str) -> Award:
    found = queries.award(word_id)
    if found is None:
        raise NotFound
    return found


def _define(form: AwardForm, found: Award | None) -> None:
    sent = form.picture.data
    body = sent.read(service.BIGGEST_PICTURE + 1) if getattr(sent, "filename", "") else None
    service.define_award(
        form.name.data,
        found,
        symbol=form.symbol.data or None,
        picture=body,
        without=bool(form.without.data),
    )


def _customers(form: GrantForm) -> list[int]:
    """Return the customers who were named. Raises DomainError where the shop has not all of them."""
    found, unknown = members.by_externals(form.ids)
    if unknown:
        words = _("The shop has no customer with this id: %(ids)s.", ids=", ".join(unknown[:10]))
        raise DomainError("no_customer", words, FieldError("customers", words))
    return found


def _show(award: Award, status: int = 200, **forms: Any) -> Response:
    _given, granted = queries.bearers()
    said = {"name": award.name, "symbol": award.symbol or ""}
    view = BEARERS.load(queries.bearers_of(award.id))
    view.rows = queries.named_bearers(view.rows)
    return page(
        "ranks/office/award.html",
        "ranks/office/_bearers.html",
        status,
        award=award,
        art=queries.art(award.picture),
        bearers=view,
        form=forms.get("form") or AwardForm(formdata=None, data=said),
        grant_form=forms.get("grant_form") or GrantForm(formdata=None),
        used=granted.get(award.id, 0),
        rules=profiles.all_naming("award", award.code),
    )
