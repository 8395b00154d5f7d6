"""A merchant opens an account by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from app.errors import DomainError
from app.identity.rules import normalise_email
from app.onboarding.service import create_merchant
from app.site import attempts
from app.site.access import requires
from app.tenants.forms import MerchantForm
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("onboarding", __name__)


@bp.get("/signup")
@requires("anyone")
def signup() -> Response:
    return page("onboarding/public/signup.html", form=MerchantForm(), done=False)


@bp.post("/signup")
@requires("anyone")
def sign_up() -> Response:
    form = MerchantForm()
    if form.validate_on_submit() and attempts.may_write_to(normalise_email(form.email.data)):
        try:
            create_merchant(**form.facts())
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("public.onboarding.done")
    return page("onboarding/public/signup.html", form=form, done=False, status=422)


@bp.get("/signup/done")
@requires("anyone")
def done() -> Response:
    return page("onboarding/public/signup.html", form=None, done=True)
