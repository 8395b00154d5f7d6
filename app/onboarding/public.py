"""A merchant opens an account by itself: asks, proves the e-mail, comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request, session, url_for
from flask_babel import gettext as _

from app.errors import DomainError
from app.identity.public import LINK
from app.identity.rules import Purpose, normalise_email
from app.identity.service import link_token
from app.onboarding import queries, service
from app.onboarding.forms import ConfirmForm, SignUpForm
from app.onboarding.rules import Policy
from app.site import attempts
from app.site.access import requires
from app.web.locale import select_locale
from app.web.pages import page, see_address, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.onboarding.models import SignUp
    from app.onboarding.service import NewMerchant

bp = Blueprint("onboarding", __name__)
TOKEN = "signup"  # noqa: S105 - the name of a session's entry


@bp.get("/signup")
@requires("anyone")
def signup() -> Response:
    if queries.policy() is Policy.CLOSED:
        return page("onboarding/public/closed.html", status=403)
    return page("onboarding/public/signup.html", form=SignUpForm(locale=select_locale()))


@bp.post("/signup")
@requires("anyone")
def sign_up() -> Response:
    if queries.policy() is Policy.CLOSED:
        return page("onboarding/public/closed.html", status=403)
    form = SignUpForm()
    if form.validate_on_submit():
        try:
            _ask(form)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("public.onboarding.done")
    return page("onboarding/public/signup.html", form=form, status=422)


@bp.get("/signup/done")
@requires("anyone")
def done() -> Response:
    return page("onboarding/public/done.html")


@bp.get("/signup/waiting")
@requires("anyone")
def waiting() -> Response:
    return page("onboarding/public/waiting.html")


@bp.get("/signup/confirm")
@requires("anyone")
def confirm() -> Response:
    token = request.args.get("token")
    if token is not None:
        # Out of the address at once: it would stand in the history and be told to other sites.
        session[TOKEN] = token
        return _unreferred(see_other("public.onboarding.confirm"))
    row = _asked()
    if row is None:
        return _unreferred(page("onboarding/public/over.html", status=410))
    form = ConfirmForm(slug=row.facts["slug"])
    return _unreferred(page("onboarding/public/confirm.html", form=form, row=row))


@bp.post("/signup/confirm")
@requires("anyone")
def confirmed() -> Response:
    row, form = _asked(), ConfirmForm()
    if row is None:
        return page("onboarding/public/over.html", status=410)
    if form.validate_on_submit():
        try:
            made = service.confirm(row, form.slug.data)
        except DomainError as error:
            form.tell(error)
        else:
            session.pop(TOKEN, None)
            return _come_in(made) if made else see_other("public.onboarding.waiting")
    return page("onboarding/public/confirm.html", form=form, row=row, status=422)


def _ask(form: SignUpForm) -> None:
    """Ask for an account; a program, or an e-mail that got many letters, is told the same."""
    wanted = attempts.may_write_to(normalise_email(form.email.data))
    if wanted and not form.by_program:
        service.ask(form.facts())


def _come_in(made: NewMerchant) -> Response:
    """Let the owner choose a password, or sign in with the one there is."""
    if made.owner.password_hash is None:
        session[LINK] = [link_token(made.owner, Purpose.INVITATION), Purpose.INVITATION.value]
        return see_other("public.identity.password", message=_("Your account is open."))
    office = url_for("office.onboarding.start", merchant=made.tenant.slug)
    return see_address(
        url_for("public.identity.login", next=office), message=_("Your account is open.")
    )


def _asked() -> SignUp | None:
    token = session.get(TOKEN)
    return service.of_link(token) if isinstance(token, str) else None


def _unreferred(response: Response) -> Response:
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
