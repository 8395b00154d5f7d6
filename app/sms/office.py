"""The back office: the SMS service, its caps, and a trial."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, g
from flask_babel import get_locale
from flask_babel import gettext as _

from app import clock
from app.errors import DomainError
from app.members.rules import normalise_phone, region_of
from app.notifications import service as notifications
from app.site import attempts
from app.site.access import requires
from app.sms import queries, service
from app.sms.forms import ServiceForm, TrialForm
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("sms", __name__, url_prefix="/sms")


@bp.get("/")
@requires("settings")
def index() -> Response:
    found = queries.gateway()
    known = service.settings_of(found) if found else {}
    return _page(ServiceForm.showing(found, known, g.tenant.currency), TrialForm(formdata=None))


@bp.post("/")
@requires("settings")
def save() -> Response:
    form, found = ServiceForm(), queries.gateway()
    if form.validate_on_submit():
        same = found is not None and found.kind == form.kind.data
        known = service.settings_of(found) if found and same else {}
        try:
            service.set_up(form.described(known), form.caps, is_on=form.is_on.data)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other(
                "office.sms.index", message=_("Saved. Send a trial to see that it works.")
            )
    return _page(form, TrialForm(formdata=None), 422)


@bp.post("/trial")
@requires("settings")
def trial() -> Response:
    form, found = TrialForm(), queries.gateway()
    known = service.settings_of(found) if found else {}
    if form.validate_on_submit():
        phone = normalise_phone(form.phone.data, region_of(g.tenant.currency))
        if phone is None:
            words = _("Write the phone with its country code, such as +7 916 123-45-67.")
            form.complain("phone", words)
        elif not attempts.may_write_to(f"sms:{g.tenant.id}"):
            form.complain("phone", _("Too many trials. Wait an hour."))
        else:
            try:
                notifications.try_sms(phone, g.person.id, str(get_locale() or "en"))
            except DomainError as error:
                form.complain("phone", error.message)
            else:
                values = {"kind": "sms.tried"}
                return see_other(
                    "office.notifications.index", message=_("The trial is on its way."), **values
                )
    return _page(ServiceForm.showing(found, known, g.tenant.currency), form, 422)


def _page(form: ServiceForm, trial_form: TrialForm, status: int = 200) -> Response:
    found = queries.gateway()
    known = service.settings_of(found) if found else {}
    where = known.get("url", "")
    sent, cost = queries.spent(clock.wall().date())
    return page(
        "sms/office/index.html",
        status=status,
        form=form,
        trial=trial_form,
        gateway=found,
        host=urlsplit(where).scheme
        if found and found.kind == "apprise"
        else urlsplit(where).hostname,
        sent=sent,
        cost=cost,
    )
