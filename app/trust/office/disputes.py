"""Sales that partners miss: the journal beside the question, and staff's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import clock
from app.attribution.queries import journal
from app.commissions import explain
from app.commissions.queries import deal_view
from app.errors import DomainError
from app.events import queries as events
from app.partners.models import Partner
from app.partners.queries import actor_names, by_id
from app.site.access import requires
from app.trust import queries, service
from app.trust.forms import CloseForm, RemarkForm
from app.trust.models import Dispute
from app.trust.office.door import bp
from app.trust.office.words import ANSWERS
from app.trust.rules import LIFECYCLE, State
from app.web.pages import page, see_other
from app.web.states import STATES
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response

    from app.web.forms import Form

STATE_CHOICES = [(state.value, STATES[state.value][0]) for state in State]


def _state(row: Any) -> str:
    late = row.Dispute.state == State.OPEN and row.Dispute.due_at <= clock.now()
    return "overdue" if late else str(row.Dispute.state)


# fmt: off
TABLE = Table(
    name="disputes",
    caption=_l("Disputes"),
    key=Dispute.id,
    default="due_at",
    columns=(
        Column("number", _l("Order"), main=True, value=lambda row: row.Dispute.number,
               href=lambda row: url_for("office.trust.dispute", dispute=row.Dispute.public_id)),
        Column("partner", _l("Partner"), render="name", sort=Partner.name),
        Column("state", _l("State"), render="badge", value=_state),
        Column("due_at", _l("Answer by"), render="datetime", sort=Dispute.due_at,
               value=lambda row: row.Dispute.due_at),
        Column("opened_at", _l("Asked"), render="datetime", sort=Dispute.opened_at, quiet=True,
               value=lambda row: row.Dispute.opened_at),
        Column("verdict", _l("The journal said"), quiet=True,
               value=lambda row: ANSWERS[row.Dispute.verdict][0]),
    ),
    filters=(Filter("state", _l("State"), STATE_CHOICES, lambda s, v: s.where(Dispute.state == v)),),
    search=lambda s, words: s.where(
        Dispute.number.contains(words, autoescape=True)
        | Partner.search.contains(words.casefold(), autoescape=True)
    ),
    search_label=_l("Order or partner"),
    empty=Empty(
        _l("No partner misses a sale"),
        _l("In the cabinet a partner types an order's number and is answered by the journal at once; what it"
           " cannot settle comes here."),
        icon="scale",
    ),
)
# fmt: on


@bp.get("/disputes/")
@requires("read")
def disputes() -> Response:
    """List the disputes, those to be answered first on top."""
    found = TABLE.load(queries.disputes())
    return page(
        "trust/office/disputes.html", "_disputes.html", disputes=found, settled=queries.settled()
    )


@bp.get("/disputes/<string:dispute>")
@requires("read")
def dispute(dispute: str) -> Response:
    """Show one dispute with the journal beside it."""
    return _page(service.find(dispute))


@bp.post("/disputes/<string:dispute>/remark")
@requires("manage")
def remark(dispute: str) -> Response:
    """Write to the partner."""
    found, form = service.find(dispute), RemarkForm()
    if not form.validate_on_submit():
        return _page(found, remark=form, status=422)
    service.remark(found, form.text.data, by_staff=True)
    return see_other("office.trust.dispute", dispute=dispute, message=_("Sent."))


@bp.post("/disputes/<string:dispute>/decline")
@requires("manage")
def decline(dispute: str) -> Response:
    """Close with a word."""
    found, form = service.find(dispute), CloseForm()
    try:
        if form.validate_on_submit():
            service.decline(found, form.text.data or "")
            return _closed(dispute, _("Declined. The partner gets your word by letter."))
    except DomainError as error:
        _complain(form, error)
    return _page(found, close=form, status=422)


@bp.get("/disputes/<string:dispute>/attribute")
@requires("manage")
def foresee(dispute: str) -> Response:
    """Show what counting the sale for the partner would change."""
    found = service.find(dispute)
    before, after = service.foresee(found)
    return page(
        "trust/office/attribute.html",
        dispute=found,
        partner=by_id(found.partner_id),
        before=before,
        after=after,
        form=CloseForm(formdata=None),
        nothing=explain.nothing,
    )


@bp.post("/disputes/<string:dispute>/attribute")
@requires("manage")
def attribute(dispute: str) -> Response:
    """Count the sale for the partner by staff's word."""
    found, form = service.find(dispute), CloseForm()
    if not form.validate_on_submit():
        return _page(found, close=form, status=422)
    service.attribute(found, form.text.data or "")
    return _closed(dispute, _("The sale is counted for the partner."))


@bp.post("/disputes/<string:dispute>/reopen")
@requires("manage")
def reopen(dispute: str) -> Response:
    """Take a decision back."""
    service.reopen(service.find(dispute))
    return see_other("office.trust.dispute", dispute=dispute, message=_("Open again."))


def _closed(dispute: str, words: str) -> Response:
    undo = url_for("office.trust.reopen", dispute=dispute)
    return see_other("office.trust.dispute", dispute=dispute, message=words, undo=undo)


def _complain(form: Form, error: DomainError) -> None:
    form.complain(error.errors[0].field if error.errors else "", error.message)


def _page(
    found: Dispute,
    remark: RemarkForm | None = None,
    close: CloseForm | None = None,
    status: int = 200,
) -> Response:
    order_id = queries.order_of(found)
    view = deal_view(order_id) if order_id else None
    thread = queries.thread(found.id)
    happened = events.history(f"dispute:{found.id}")
    return page(
        "trust/office/dispute.html",
        status=status,
        dispute=found,
        late=found.state == State.OPEN and found.due_at <= clock.now(),
        partner=by_id(found.partner_id),
        thread=thread,
        names=actor_names(each.actor for each in thread if each.by_staff),
        events=happened,
        actors=actor_names(event.actor for event in happened),
        verdict=ANSWERS[found.verdict][0],
        view=view,
        order=view.deal if view else None,  # when it was made, for the journal
        claims=journal(order_id) if order_id else [],
        kinds=explain.KINDS,
        nothing=explain.nothing,
        actions=LIFECYCLE.actions(State(found.state)),
        remark=remark or RemarkForm(formdata=None),
        close=close or CloseForm(formdata=None),
    )
