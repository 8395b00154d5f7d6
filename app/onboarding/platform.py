"""The operator's page: who asked for an account, and how accounts are opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import DomainError, NotFound
from app.onboarding import queries, service
from app.onboarding.forms import PolicyForm, RefusalForm
from app.onboarding.models import SignUp
from app.onboarding.rules import Policy
from app.site.access import requires
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

bp = Blueprint("onboarding", __name__, url_prefix="/signups")

STATES = [
    ("asked", _l("E-mail not confirmed")),
    ("confirmed", _l("Waits for your decision")),
    ("opened", _l("Account open")),
    ("refused", _l("Not accepted")),
]
NAMES = dict(STATES)
TONES = {"asked": "quiet", "confirmed": "warn", "opened": "good", "refused": "bad"}


def _search(statement: Select[Any], words: str) -> Select[Any]:
    return statement.where(SignUp.email == words.casefold())


SIGN_UPS = Table(
    name="signups",
    caption=_l("Sign-ups"),
    key=SignUp.id,
    default="-created_at",
    columns=(
        Column("name", _l("Name"), render="asked", main=True, value=lambda row: row.facts["name"]),
        Column("slug", _l("Address"), render="code", value=lambda row: row.facts["slug"]),
        Column("email", _l("E-mail"), quiet=True),
        Column("created_at", _l("Asked"), render="datetime", sort=SignUp.id),
        Column("state", _l("State"), render="standing"),
    ),
    filters=(Filter("state", _l("State"), STATES, lambda s, v: s.where(SignUp.state == v)),),
    search=_search,
    search_label=_l("Whole e-mail address"),
    empty=Empty(_l("Nobody has asked for an account"), _l("The page is at /signup."), "user-plus"),
)


@bp.get("/")
@requires("operator")
def index() -> Response:
    return _index(PolicyForm(policy=queries.policy().value))


@bp.post("/policy")
@requires("operator")
def policy() -> Response:
    form = PolicyForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    service.set_policy(Policy(form.policy.data))
    return see_other("platform.onboarding.index", message=_("Saved."))


@bp.get("/<string:sign_up>")
@requires("operator")
def show(sign_up: str) -> Response:
    return _show(_found(sign_up), RefusalForm())


@bp.post("/<string:sign_up>/approve")
@requires("operator")
def approve(sign_up: str) -> Response:
    row = _found(sign_up)
    try:
        made = service.approve(sign_up)
    except DomainError as error:
        return _show(row, RefusalForm(formdata=None), error.status, error.message)
    text = _("%(name)s is open; the owner is invited by e-mail.", name=made.tenant.name)
    return see_other("platform.onboarding.index", message=text)


@bp.post("/<string:sign_up>/refuse")
@requires("operator")
def refuse(sign_up: str) -> Response:
    row, form = _found(sign_up), RefusalForm()
    if form.validate_on_submit():
        try:
            service.refuse(sign_up, form.reason.data)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("platform.onboarding.index", message=_("Refused; a letter says why."))
    return _show(row, form, 422)


def _found(sign_up: str) -> SignUp:
    row = queries.sign_up(sign_up)
    if row is None:
        raise NotFound
    return row


def _index(form: PolicyForm, status: int = 200) -> Response:
    return page(
        "onboarding/platform/index.html",
        "_table.html",
        status,
        signups=SIGN_UPS.load(queries.sign_ups()),
        form=form,
        names=NAMES,
        tones=TONES,
    )


def _show(row: SignUp, form: RefusalForm, status: int = 200, problem: str = "") -> Response:
    return page(
        "onboarding/platform/show.html",
        status=status,
        row=row,
        form=form,
        problem=problem,
        names=NAMES,
        tones=TONES,
    )
