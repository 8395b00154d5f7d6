"""The registration page of a merchant's partner program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from flask_babel import get_locale

from app.errors import DomainError, Forbidden
from app.identity.rules import normalise_email
from app.links import service as links
from app.partners import service
from app.partners.forms import JoinForm
from app.programs import queries as programs
from app.programs.forms import summary
from app.site import attempts
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("partners", __name__)


@bp.get("/<merchant>/", strict_slashes=False)
@requires("anyone")
def home() -> Response:
    return see_other("public.partners.join")


@bp.get("/<merchant>/join")
@requires("anyone")
def join() -> Response:
    return _join(JoinForm(formdata=None))


@bp.post("/<merchant>/join")
@requires("anyone")
def register() -> Response:
    form = JoinForm()
    if form.is_trap_sprung:
        return see_other("public.partners.joined")
    if not form.validate_on_submit():
        return _join(form, 422)
    if attempts.may_write_to(normalise_email(form.email.data)):
        try:
            _register(form)
        except Forbidden:
            return _join(form, 403)
        except DomainError as error:
            form.tell(error)
            return _join(form, error.status)
    return see_other("public.partners.joined")


@bp.get("/<merchant>/join/done")
@requires("anyone")
def joined() -> Response:
    manual = tenants.setting("registration") == "manual"
    return page("partners/public/joined.html", manual=manual)


def _register(form: JoinForm) -> None:
    partner = service.register(
        service.Application(
            name=form.name.data,
            email=form.email.data,
            phone=form.phone.data,
            site=form.site.data,
            accepted_version=form.seen,
            sponsor_code=request.args.get("sponsor"),
            terms_id=_terms_id(),
            locale=str(get_locale() or "en"),
        )
    )
    if partner is not None:
        links.ensure_default(partner)


def _terms_id() -> int | None:
    """Return the terms that the join link names by their outside id, which nobody can count up to."""
    said = request.args.get("terms", "")
    found = programs.terms_by_public_id(said) if said.isascii() and said.isprintable() else None
    return found.id if found else None


def _join(form: JoinForm, status: int = 200) -> Response:
    """Show the form with the terms as they are now; their version goes along and is accepted."""
    terms = service.joined_terms(_terms_id(), request.args.get("sponsor"))
    form.version.data = str(terms.version)
    context: dict[str, Any] = {
        "form": form,
        "terms": terms,
        "summary": summary(programs.conditions([terms.id])[terms.id]),
        "sponsor": service.find_sponsor(request.args.get("sponsor")),
        "closed": tenants.setting("registration") == "closed",
        "query": {k: request.args[k] for k in ("sponsor", "terms") if k in request.args},
    }
    return page("partners/public/join.html", status=status, **context)
