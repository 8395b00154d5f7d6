"""Applications: many decided on at once, taken back; those that the rules refused; answers as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, request, url_for
from flask_babel import get_locale, lazy_pgettext, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import NotFound
from app.lists.service import told
from app.participation import queries, service
from app.participation.forms.words import why_words
from app.participation.models import JoinRequest
from app.participation.office.page import bp
from app.participation.queries.export import HEAD, lines
from app.site.access import requires
from app.site.people import freshly
from app.web.files import attachment
from app.web.pages import page, see_other
from app.web.statistics import kind_of_file
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response

TURNED_AWAY = Table(
    name="turned-away",
    caption=_l("Turned away by the rules"),
    key=JoinRequest.id,
    default="-created_at",
    columns=(
        Column("name", lazy_pgettext("person", "Name"), render="name", main=True, sort=JoinRequest.name),
        Column("email", _l("E-mail"), render="name"),
        Column("why", _l("Why"), value=lambda row: " ".join(why_words(row.why))),
        Column("created_at", _l("Asked"), render="date", sort=JoinRequest.created_at),
        Column("acts", _l("Decision"), render="let_in"),
    ),
    search=lambda s, words: s.where(
        JoinRequest.name.icontains(words, autoescape=True)
        | JoinRequest.email.contains(words.casefold(), autoescape=True)
    ),
    search_label=_l("Name or e-mail"),
    empty=Empty(
        _l("Nobody was turned away"),
        _l("Whoever confirmed an e-mail and does not fit the rules of who may join stands here."),
        icon="user-check",
    ),
)  # fmt: skip


@bp.post("/decide")
@requires("manage")
def decide() -> Response:
    """Approve or reject the chosen applications, with a word."""
    word, action = request.form.get("word", ""), request.form.get("action", "")
    made = service.decide(request.form.getlist("partner"), action, word)
    done = len(made.done)
    if action == "approve":
        words = ngettext("%(num)s application approved.", "%(num)s applications approved.", done)
    else:
        words = ngettext("%(num)s application rejected.", "%(num)s applications rejected.", done)
    if made.passed:
        rest = ngettext(
            "%(num)s was decided on before.", "%(num)s were decided on before.", made.passed
        )
        words = f"{words} {rest}"
    undo = url_for("office.participation.reopen", decision=made.batch) if done else None
    return see_other("office.partners.applications", message=words, undo=undo)


@bp.post("/decisions/<string:decision>/undo")
@requires("manage")
def reopen(decision: str) -> Response:
    """Take the decisions of one act back: the applications wait again."""
    made = service.reopen(decision)
    done = len(made.done)
    words = ngettext("%(num)s application waits again.", "%(num)s applications wait again.", done)
    if made.passed:
        kept = _("Of the others something came already: they stay as they are.")
        words = f"{words} {kept}"
    return see_other("office.partners.applications", message=words)


@bp.get("/turned-away")
@requires("manage")
def turned_away() -> Response:
    """List whom the rules refused."""
    found = TURNED_AWAY.load(queries.turned_away())
    return page("participation/office/turned_away.html", "_turned_away.html", found=found)


@bp.post("/turned-away/<string:request_id>/let-in")
@requires("manage")
def let_in(request_id: str) -> Response:
    """Let somebody in against the rules."""
    found = queries.request_by(request_id)
    if found is None:
        raise NotFound
    partner = service.let_in(found, request.form.get("word", "")[:500])
    if partner is None:
        known = _("This person is a partner already.")
        return see_other("office.participation.turned_away", message=known)
    words = _("Let in. The welcome letter is on its way.")
    return see_other("office.partners.card", refcode=partner.refcode, message=words)


@bp.get("/answers")
@requires("manage")
@freshly
def export() -> Response:
    """Send every partner's answers and consents as a table."""
    asked, kind = queries.questions(retired=True), kind_of_file()
    language = str(get_locale())
    head = [*map(str, HEAD), *(queries.told(q, None, language).label for q in asked)]
    rows = list(lines(asked, language, g.tenant.timezone))
    told("partners-answers", len(rows), kind)
    return attachment("partners-answers", str(_("Answers")), kind, head, rows)
