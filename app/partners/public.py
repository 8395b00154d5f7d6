"""The registration page of a merchant's partner program."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request
from flask_babel import get_locale

from app.errors import DomainError, Forbidden
from app.identity.rules import normalise_email
from app.participation import queries as participation
from app.participation import service as joining
from app.participation.forms import form_now
from app.participation.rules import in_language
from app.partners import service
from app.programs import queries as programs
from app.programs.forms import summary
from app.site import attempts
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Response

    from app.participation.forms import JoinForm

bp = Blueprint("partners", __name__)
KEPT = ("sponsor", "terms", "via")  # what a link says, and the form's address says on


@bp.get("/<merchant>/", strict_slashes=False)
@requires("anyone")
def home() -> Response:
    return see_other("public.partners.join")


@bp.get("/<merchant>/join")
@requires("anyone")
def join() -> Response:
    return _join(_form()(formdata=None))


@bp.post("/<merchant>/join")
@requires("anyone")
def register() -> Response:
    form = _form()()
    if form.is_trap_sprung:
        return see_other("public.partners.joined")
    good, answers = form.validate_on_submit(), {}
    try:
        answers = joining.read_answers(form.answers, complete=True)
    except DomainError as error:
        form.tell(error)
        good = False
    if not good:
        return _join(form, 422)
    if attempts.may_write_to(normalise_email(form.email.data)):
        try:
            joining.apply(_applicant(form, answers))
        except Forbidden:
            return _join(form, 403)
        except DomainError as error:
            form.tell(error)
            return _join(form.untick() if error.status == 409 else form, error.status)
    return see_other("public.partners.joined")


@bp.get("/<merchant>/join/done")
@requires("anyone")
def joined() -> Response:
    manual = tenants.setting("registration") == "manual"
    confirm = participation.entry().asks
    return page("partners/public/joined.html", manual=manual, confirm=confirm)


def _form() -> type[JoinForm]:
    return form_now(g.tenant.locale)


def _applicant(form: JoinForm, answers: dict[str, Any]) -> joining.Applicant:
    said = {name: form[name].data for name in ("phone", "site") if name in form}
    return joining.Applicant(
        name=form.name.data,
        email=form.email.data,
        accepted_version=form.read_version,
        consents=form.ticked,
        seen=form.seen,
        answers=answers,
        sponsor_code=request.args.get("sponsor"),
        terms_id=_terms_id(),
        link=request.args.get("via"),
        locale=str(get_locale() or "en"),
        ip=request.remote_addr,
        **said,
    )


def _terms_id() -> int | None:
    """Return the terms that the join link names by their outside id, which nobody can count up to."""
    said = request.args.get("terms", "")
    found = programs.terms_by_public_id(said) if said.isascii() and said.isprintable() else None
    return found.id if found else None


def _say(languages: Sequence[str], texts: Mapping[str, str]) -> str:
    return in_language(texts, *languages)


def _join(form: JoinForm, status: int = 200) -> Response:
    """Show the form with the terms as they are now; their version goes along and is accepted."""
    link = participation.link_by_code(request.args.get("via", "")[:100])
    by_link = link.terms_id if link is not None else None
    terms = service.joined_terms(by_link or _terms_id(), request.args.get("sponsor"))
    form.show(terms.version)
    languages = (str(get_locale()), g.tenant.locale)
    context: dict[str, Any] = {
        "form": form,
        "terms": terms,
        "summary": summary(programs.conditions([terms.id])[terms.id]),
        "sponsor": service.find_sponsor(request.args.get("sponsor")),
        "closed": tenants.setting("registration") == "closed",
        "said": participation.page(),
        "texts": participation.current_texts(),
        "say": partial(_say, languages),
        "query": {k: request.args[k] for k in KEPT if k in request.args},
    }
    return page("partners/public/join.html", status=status, **context)
