"""The back office: which ranks and awards there are, and the rank of a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g
from flask_babel import gettext as _

from app.earnings import service as earnings
from app.errors import DomainError, NotFound
from app.members import queries as members
from app.members import service as customers
from app.profiles import queries as profiles
from app.ranks import queries, service
from app.ranks.forms import NameForm, RankForm
from app.ranks.office.door import bp
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.ranks.models import Award, Rank

RANKS, AWARDS = "ranks", "awards"
KINDS = {RANKS: "rank", AWARDS: "award"}  # as rules name them


@bp.get("/")
@requires("read")
def index() -> Response:
    """List ranks, the highest first, and awards."""
    return _index()


@bp.post("/new/<any(ranks, awards):what>")
@requires("manage")
def create(what: str) -> Response:
    """Make a rank or an award."""
    form = NameForm()
    if form.validate_on_submit():
        try:
            _define(what, form.name.data, None)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.ranks.index", message=_("Saved."))
    return _index({what: form}, 422)


@bp.get("/<any(ranks, awards):what>/<string:word_id>")
@requires("manage")
def edit(what: str, word_id: str) -> Response:
    """Show the form of one rank or award."""
    found = _found(what, word_id)
    return _edit(what, found, NameForm(formdata=None, data={"name": found.name}))


@bp.post("/<any(ranks, awards):what>/<string:word_id>")
@requires("manage")
def rename(what: str, word_id: str) -> Response:
    """Call one rank or award otherwise; rules go on knowing it."""
    found, form = _found(what, word_id), NameForm()
    if form.validate_on_submit():
        try:
            _define(what, form.name.data, found)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.ranks.index", message=_("Saved."))
    return _edit(what, found, form, 422)


@bp.post("/<any(ranks, awards):what>/<string:word_id>/remove")
@requires("manage")
def remove(what: str, word_id: str) -> Response:
    """Remove a rank or an award that nobody has and no rule names."""
    found = _found(what, word_id)
    naming = profiles.naming(KINDS[what], found.code)
    if naming:
        words = _("The rule “%(name)s” names it: change or archive the rule first.", name=naming)
        return see_other("office.ranks.edit", what=what, word_id=word_id, message=words)
    if what == RANKS:
        service.remove_rank(found)  # type: ignore[arg-type]
    else:
        service.remove_award(found)  # type: ignore[arg-type]
    return see_other("office.ranks.index", message=_("Removed."))


@bp.post("/ranks/<string:word_id>/<any(up, down):way>")
@requires("manage")
def move(word_id: str, way: str) -> Response:
    """Move a rank one place up or down."""
    found = queries.rank(word_id)
    if found is None:
        raise NotFound
    service.move_rank(found, up=way == "up")
    return see_other("office.ranks.index")


@bp.post("/customers/<int:member_id>")
@requires("manage")
def give(member_id: int) -> Response:
    """Give a customer a rank by hand, or none."""
    member = members.by_id(member_id)
    if member is None:
        raise NotFound
    form = RankForm().offer(queries.ranks())
    if not form.validate_on_submit():
        return page("ranks/office/give.html", status=422, member=member, form=form)
    customers.lock([member.id])
    rank = queries.rank(form.rank.data) if form.rank.data else None
    before = queries.rank_of(member.id)
    service.give_by_hand(member.id, rank, pinned=bool(form.pinned.data))
    earnings.rank_changed(g.tenant, member.id, before)
    return see_other("office.members.show", member_id=member.id, message=_("Saved."))


def _define(what: str, name: str, found: Rank | Award | None) -> None:
    if what == RANKS:
        service.define_rank(name, found)  # type: ignore[arg-type]
    else:
        service.define_award(name, found)  # type: ignore[arg-type]


def _found(what: str, word_id: str) -> Rank | Award:
    found = queries.rank(word_id) if what == RANKS else queries.award(word_id)
    if found is None:
        raise NotFound
    return found


def _index(forms: dict[str, NameForm] | None = None, status: int = 200) -> Response:
    given, granted = queries.bearers()
    made = {what: NameForm(formdata=None) for what in (RANKS, AWARDS)} | (forms or {})
    return page(
        "ranks/office/index.html",
        status=status,
        ranks=list(reversed(queries.ranks())),
        awards=queries.awards(),
        given=given,
        granted=granted,
        forms=made,
    )


def _edit(what: str, found: Rank | Award, form: NameForm, status: int = 200) -> Response:
    given, granted = queries.bearers()
    used = (given if what == RANKS else granted).get(found.id, 0)
    return page(
        "ranks/office/edit.html", status=status, what=what, word=found, form=form, used=used
    )
