"""Signing in and out, setting a password by a link, and a person's own account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, g, request, session, url_for
from flask_babel import gettext as _

from app.errors import DomainError, Forbidden
from app.identity import queries, rules, service
from app.identity.forms import (
    ROLE_NAMES,
    AccountForm,
    ChangePasswordForm,
    ConfirmForm,
    ForgotForm,
    NewPasswordForm,
    SignInForm,
)
from app.site import attempts
from app.site.access import requires
from app.site.people import begin, end, signed_in
from app.site.places import home
from app.site.places import places as places_of
from app.web.pages import is_local, next_address, page, see_address, see_other

if TYPE_CHECKING:
    from app.identity.models import Person, Session

bp = Blueprint("identity", __name__)
LINK = "link"


@bp.get("/")
@requires("anyone")
def index() -> Response:
    return see_address(home(g.person) if g.person else url_for("public.identity.login"))


@bp.get("/login")
@requires("anyone")
def login() -> Response:
    if g.person:
        return see_address(next_address(home(g.person)))
    return page("identity/public/login.html", form=SignInForm(next=next_address("")))


@bp.post("/login")
@requires("anyone")
def log_in() -> Response:
    form = SignInForm()
    if form.validate_on_submit():
        account = rules.normalise_email(form.email.data)
        attempts.check_password_tries(account)
        person = service.authenticate(account, form.password.data)
        if person is not None:
            begin(person)
            wanted = form.next.data or ""
            return see_address(wanted if is_local(wanted) else home(person))
        attempts.count_wrong_password(account)
        form.complain("", _("E-mail or password is wrong."))
    return page("identity/public/login.html", form=form, status=422)


@bp.post("/logout")
@requires("anyone")
def logout() -> Response:
    end()
    response = see_other("public.identity.login", message=_("You are signed out."))
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@bp.get("/places")
@requires("signed_in")
def places() -> Response:
    return page("identity/public/places.html", places=places_of(g.person), role_names=ROLE_NAMES)


@bp.get("/forgot")
@requires("anyone")
def forgot() -> Response:
    return page("identity/public/forgot.html", form=ForgotForm(), sent=False)


@bp.post("/forgot")
@requires("anyone")
def ask_reset() -> Response:
    form = ForgotForm()
    if not form.validate_on_submit():
        return page("identity/public/forgot.html", form=form, sent=False, status=422)
    account = rules.normalise_email(form.email.data)
    service.ask_reset(account if attempts.may_write_to(account) else "")
    return page("identity/public/forgot.html", form=None, sent=True)


@bp.get("/password")
@requires("anyone")
def password() -> Response:
    token = request.args.get("token")
    if token is not None:
        # Out of the address at once: it would stand in the history, and in what the page's links tell others.
        session[LINK] = [token, request.args.get("purpose", "")]
        return _unreferred(see_other("public.identity.password"))
    person = _person_of_link()
    if person is None:
        return _unreferred(page("identity/public/link_over.html", status=410))
    return _unreferred(page("identity/public/password.html", form=NewPasswordForm(), person=person))


@bp.post("/password")
@requires("anyone")
def set_password() -> Response:
    person = _person_of_link()
    if person is None:
        return page("identity/public/link_over.html", status=410)
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            service.change_password(person, form.password.data)
        except DomainError as error:
            form.complain("password", error.message)
        else:
            begin(person)
            return see_address(home(person), message=_("Your password is set."))
    return page("identity/public/password.html", form=form, person=person, status=422)


@bp.get("/confirm")
@requires("signed_in")
def confirm() -> Response:
    return page("identity/public/confirm.html", form=ConfirmForm(next=next_address("/places")))


@bp.post("/confirm")
@requires("signed_in")
def confirmed() -> Response:
    form = ConfirmForm()
    if form.validate_on_submit():
        if _knows_password(form.password.data):
            service.believe(_session())
            wanted = form.next.data or ""
            return see_address(wanted if is_local(wanted) else "/places")
        form.complain("password", _("This is not your password."))
    return page("identity/public/confirm.html", form=form, status=422)


@bp.get("/account")
@requires("signed_in")
def account() -> Response:
    return _account(AccountForm(obj=g.person), ChangePasswordForm())


@bp.post("/account")
@requires("signed_in")
def change_account() -> Response:
    form = AccountForm()
    if not form.validate_on_submit():
        return _account(form, ChangePasswordForm(formdata=None), status=422)
    g.person.name, g.person.locale = form.name.data, form.locale.data
    return see_other("public.identity.account", message=_("Saved."))


@bp.post("/account/password")
@requires("signed_in")
def change_password() -> Response:
    form = ChangePasswordForm()
    if form.validate_on_submit():
        try:
            if not _knows_password(form.old.data):
                raise Forbidden("password", _("This is not your password."))
            service.change_password(g.person, form.password.data)
        except DomainError as error:
            form.complain("old" if isinstance(error, Forbidden) else "password", error.message)
        else:
            begin(g.person)
            text = _("Your password is changed. All other devices are signed out.")
            return see_other("public.identity.account", message=text)
    return _account(AccountForm(formdata=None, obj=g.person), form, status=422)


@bp.post("/account/sessions/<int:session_id>/end")
@requires("signed_in")
def end_session(session_id: int) -> Response:
    service.end_session(g.person, session_id)
    return see_other("public.identity.account", message=_("That device is signed out."))


@bp.post("/account/sessions/end")
@requires("signed_in")
def end_sessions() -> Response:
    service.sign_out_everywhere(g.person)
    end()
    return see_other("public.identity.login", message=_("You are signed out everywhere."))


def _account(form: AccountForm, password_form: ChangePasswordForm, status: int = 200) -> Response:
    return page(
        "identity/public/account.html",
        status=status,
        form=form,
        password_form=password_form,
        person=g.person,
        sessions=queries.sessions(g.person.id),
        here=_session(),
    )


def _session() -> Session:
    found = signed_in()
    if found is None:
        abort(401)
    return found.session


def _knows_password(given: str) -> bool:
    """Tell whether this is the password of whoever is signed in; guesses count as they do at the door."""
    attempts.check_password_tries(g.person.email)
    known = service.authenticate(g.person.email, given) is not None
    if not known:
        attempts.count_wrong_password(g.person.email)
    return known


def _person_of_link() -> Person | None:
    token, purpose = session.get(LINK) or ("", "")
    return service.person_of_link(token, purpose)


def _unreferred(response: Response) -> Response:
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
