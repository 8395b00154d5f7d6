"""The back office: the ladder of ranks, what each asks, and the rank of a customer."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from flask import g
from flask_babel import gettext as _

from app.earnings import service as earnings
from app.errors import DomainError, NotFound
from app.members import queries as members
from app.members import service as customers
from app.profiles import queries as profiles
from app.profiles import service as profiles_service
from app.ranks import queries, service
from app.ranks.forms import AwardForm, NameForm, PlanForm, RankForm, RateForm, RungForm
from app.ranks.office.door import bp
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.ranks.models import Rank

SAVED = "office.ranks.index"


@bp.get("/")
@requires("read")
def index() -> Response:
    """Show the ladder with how many customers stand on it, how they move, and awards."""
    return show_index()


@bp.post("/new/ranks")
@requires("manage")
def create_rank() -> Response:
    """Make a rank above all others."""
    form = NameForm()
    if form.validate_on_submit():
        try:
            service.define_rank(form.name.data, symbol=form.symbol.data or None)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other(SAVED, message=_("Saved."))
    return show_index(422, rank_form=form)


@bp.post("/plan")
@requires("settings")
def change_plan() -> Response:
    """Say how customers rise and fall."""
    form = PlanForm()
    if form.validate_on_submit():
        try:
            service.set_plan(form.plan)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other(SAVED, message=_("Saved."))
    return show_index(422, plan_form=form)


@bp.get("/ranks/<string:rank_id>")
@requires("manage")
def edit_rank(rank_id: str) -> Response:
    """Show one rank: its name, what it asks, and which rules name it."""
    return _edit(_rank(rank_id))


@bp.post("/ranks/<string:rank_id>")
@requires("manage")
def rename_rank(rank_id: str) -> Response:
    """Call a rank otherwise; rules go on knowing it."""
    found, form = _rank(rank_id), NameForm()
    if form.validate_on_submit():
        try:
            service.define_rank(form.name.data, found, symbol=form.symbol.data or None)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other(SAVED, message=_("Saved."))
    return _edit(found, 422, name_form=form)


@bp.post("/ranks/<string:rank_id>/asks")
@requires("manage")
def change_rung(rank_id: str) -> Response:
    """Say what a rank asks."""
    found, form = _rank(rank_id), RungForm()
    if form.validate_on_submit():
        try:
            service.set_rung(found, form.rung(found))
        except DomainError as error:
            form.tell(error)
        else:
            return see_other(SAVED, message=_("Saved. Everybody is looked at once by it."))
    return _edit(found, 422, rung_form=form)


@bp.post("/ranks/<string:rank_id>/preview")
@requires("manage")
def preview_rung(rank_id: str) -> Response:
    """Show how many customers would have each rank, if this one asked what is typed; nothing is saved."""
    found, form = _rank(rank_id), RungForm()
    if not form.validate_on_submit():
        return _edit(found, 422, rung_form=form)
    instead = queries.ladder({found.id: form.rung(found)})
    return _edit(found, rung_form=form, preview=queries.preview(instead))


@bp.post("/ranks/<string:rank_id>/asks/off")
@requires("manage")
def drop_rung(rank_id: str) -> Response:
    """Let a rank ask nothing more: only rules and people give it."""
    service.set_rung(_rank(rank_id), None)
    return see_other(SAVED, message=_("The rank asks nothing any more."))


@bp.post("/ranks/<string:rank_id>/gives")
@requires("settings")
def give_rate(rank_id: str) -> Response:
    """Make the rules by which a rank earns more, or may pay more with bonuses."""
    found, form = _rank(rank_id), RateForm()
    if form.validate_on_submit():
        try:
            for name, body in _rules_of(found, form):
                profiles_service.publish(profiles_service.draft(name, body))
        except DomainError as error:
            form.tell(error)
        else:
            words = _("The rules hold from now on.")
            return see_other("office.ranks.edit_rank", rank_id=rank_id, message=words)
    return _edit(found, 422, rate_form=form)


def _rules_of(rank: Rank, form: RateForm) -> list[tuple[str, dict[str, Any]]]:
    when = {"all": [{"fact": "member.rank", "op": "in", "value": [rank.code]}]}
    common = {"schema": 1, "when": when}
    made: list[tuple[str, dict[str, Any]]] = []
    if form.multiply.data is not None:
        by = Fraction(form.multiply.data) / 100
        effect = {"do": "earn.multiply", "by": f"{by.numerator}/{by.denominator}"}
        said = {"profile": "order", "trigger": "order.paid", "effects": [effect]}
        made.append((_("%(rank)s: more bonuses", rank=rank.name), common | said))
    if form.spend.data is not None:
        limit = {"do": "spend.limit", "percent": form.spend.data}
        said = {"profile": "spend", "trigger": "quote.requested", "effects": [limit]}
        made.append((_("%(rank)s: paying with bonuses", rank=rank.name), common | said))
    return made


@bp.post("/ranks/<string:rank_id>/remove")
@requires("manage")
def remove_rank(rank_id: str) -> Response:
    """Remove a rank that nobody has and no rule names."""
    found = _rank(rank_id)
    naming = profiles.naming("rank", found.code)
    if naming:
        words = _("The rule “%(name)s” names it: change or archive the rule first.", name=naming)
        return see_other("office.ranks.edit_rank", rank_id=rank_id, message=words)
    service.remove_rank(found)
    return see_other(SAVED, message=_("Removed."))


@bp.post("/ranks/<string:rank_id>/<any(up, down):way>")
@requires("manage")
def move(rank_id: str, way: str) -> Response:
    """Move a rank one place up or down."""
    service.move_rank(_rank(rank_id), up=way == "up")
    return see_other(SAVED)


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


def _rank(rank_id: str) -> Rank:
    found = queries.rank(rank_id)
    if found is None:
        raise NotFound
    return found


def show_index(status: int = 200, **forms: Any) -> Response:
    """Answer with the page of ranks and awards; `forms` that were typed wrong stay as they are."""
    found, having = queries.ladder(), queries.having()
    known = queries.ranks()
    return page(
        "ranks/office/index.html",
        status=status,
        ranks=list(reversed(known)),
        counts=[having.get(each.id, 0) for each in known],
        art=queries.art,
        awards=queries.awards(),
        having=having,
        bearing=queries.bearing(),
        ladder=found,
        rank_form=(forms.get("rank_form") or NameForm(formdata=None)).beside("ranks"),
        award_form=(forms.get("award_form") or AwardForm(formdata=None)).beside("awards"),
        plan_form=forms.get("plan_form") or PlanForm.showing(found.plan),
        counted=queries.is_counted(),
    )


def _edit(rank: Rank, status: int = 200, **said: Any) -> Response:
    given, _granted = queries.bearers()
    name = {"name": rank.name, "symbol": rank.symbol or ""}
    standing = queries.rung_of(rank)
    return page(
        "ranks/office/edit.html",
        status=status,
        rank=rank,
        ranks=list(reversed(queries.ranks())),
        standing=standing,
        form=said.get("name_form") or NameForm(formdata=None, data=name),
        rung_form=said.get("rung_form") or RungForm.showing(standing),
        preview=said.get("preview"),
        having=queries.having(),
        counted=queries.is_counted(),
        plan=queries.plan(),
        used=given.get(rank.id, 0),
        rules=profiles.all_naming("rank", rank.code),
        rate_form=said.get("rate_form") or RateForm(formdata=None),
    )
