"""The back office: messages to customers, each in every language, looked at and tried before it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, g, request
from flask_babel import get_locale
from flask_babel import gettext as _

from app.errors import DomainError
from app.members.rules import normalise_phone, region_of
from app.notifications import service as notifications
from app.notifications.customers import sample
from app.notifications.written import chosen, filled
from app.profiles import queries as profiles
from app.site import attempts
from app.site.access import requires
from app.web.locale import LOCALES
from app.web.pages import page, see_other
from app.wordings import queries, rules, service
from app.wordings.forms import MEANS, TITLES, TryForm, WordingForm, choices, title_of, typed

if TYPE_CHECKING:
    from collections.abc import Mapping

bp = Blueprint("wordings", __name__, url_prefix="/texts")
# A letter shown apart from our pages, where nothing of it can act.
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https: data:"


@bp.get("/")
@requires("manage")
def index() -> Response:
    kept = queries.kept()
    rows = [
        (
            code,
            title,
            rules.standing(code, kept[code].texts if code in kept else None),
            code in kept,
        )
        for code, title in choices(kept)
    ]
    locale = str(get_locale() or "en")
    shown = [
        (code, title, chosen(t, locale, g.tenant.locale)["subject"], own)
        for code, title, t, own in rows
    ]
    return page("wordings/office/index.html", messages=shown, ours=rules.CODES)


@bp.get("/new")
@requires("manage")
def new() -> Response:
    return _page(None, WordingForm(formdata=None))


@bp.post("/new")
@requires("manage")
def create() -> Response:
    form = WordingForm()
    if form.validate_on_submit() and request.form.get("act") != "look":
        try:
            made = service.add(form.title.data or "", form.said)
        except DomainError as error:
            _blame(form, error)
        else:
            return see_other("office.wordings.edit", code=made.code, message=_("Saved."))
        return _page(None, form, 422)
    return _page(None, form, 422 if form.errors else 200)


@bp.get("/<string:code>/")
@requires("manage")
def edit(code: str) -> Response:
    return _page(_known(code), WordingForm(formdata=None, data=_data(code)))


@bp.post("/<string:code>/")
@requires("manage")
def change(code: str) -> Response:
    form = WordingForm()
    _known(code)
    if form.validate_on_submit() and request.form.get("act") != "look":
        try:
            service.write(code, form.said, form.title.data)
        except DomainError as error:
            _blame(form, error)
        else:
            return see_other("office.wordings.edit", code=code, message=_("Saved."))
        return _page(code, form, 422)
    return _page(code, form, 422 if form.errors else 200)


@bp.post("/<string:code>/reset")
@requires("manage")
def reset(code: str) -> Response:
    service.reset(_known(code))
    return see_other("office.wordings.edit", code=code, message=_("These are our words again."))


@bp.post("/<string:code>/remove")
@requires("manage")
def remove(code: str) -> Response:
    """Forget a message of one's own that no rule sends."""
    senders = profiles.telling(_known(code))
    if senders:
        message = _("The rule “%(rule)s” sends it. Change the rule first.", rule=senders[0])
        return see_other("office.wordings.edit", code=code, message=message)
    service.remove(code)
    return see_other("office.wordings.index", message=_("The message is gone."))


@bp.get("/<string:code>/letter/<string:locale>")
@requires("manage")
def letter(code: str, locale: str) -> Response:
    """Show the text of the letter alone, in a page where nothing can act."""
    said = (queries.texts(_known(code)) or {}).get(locale) or abort(404)
    written = filled(said, sample(g.tenant, locale), is_html=False)
    response = Response(f"<!doctype html><meta charset=utf-8>{written.html}", mimetype="text/html")
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


@bp.post("/<string:code>/try")
@requires("manage")
def try_out(code: str) -> Response:
    """Send oneself the letter in a language, as it is kept, or the SMS to a phone."""
    texts = queries.texts(_known(code)) or {}
    locale = request.form.get("locale", "")
    if locale not in texts:
        abort(404)
    phone = None
    if request.form.get("by") == "sms":
        phone = normalise_phone(request.form.get("phone", ""), region_of(g.tenant.currency))
        if phone is None:
            words = _("Write the phone with its country code, such as +7 916 123-45-67.")
            form = TryForm()
            form.complain("phone", words)
            return _page(code, WordingForm(formdata=None, data=_data(code)), 422, form)
    message = _("Too many trials. Wait an hour.")
    if attempts.may_write_to(f"wording:{g.person.id}"):
        try:
            notifications.try_wording(g.person.id, {locale: dict(texts[locale])}, locale, phone)
            message = _("A copy is on its way to you.")
        except DomainError as error:
            message = error.message
    return see_other("office.wordings.edit", code=code, message=message)


def _known(code: str) -> str:
    return code if queries.is_known(code) else abort(404)


def _data(code: str) -> dict[str, str]:
    found = queries.find(code)
    return typed(queries.texts(code) or {}, found.title if found else None)


def _blame(form: Any, error: DomainError) -> None:
    if error.status != 422:
        raise error
    for each in error.errors:
        form.complain(each.field, each.message)


def _page(code: str | None, form: Any, status: int = 200, trial: Any = None) -> Response:
    kept = queries.kept()
    own = kept.get(code) if code else None
    return page(
        "wordings/office/form.html",
        status=status,
        code=code,
        form=form,
        trial=trial or TryForm(formdata=None),
        title=title_of(code, kept) if code else _("New message"),
        mine=code not in TITLES,
        changed=own is not None,
        places=MEANS,
        looks=_looks(form.said),
        senders=profiles.telling(code) if code else [],
    )


def _looks(said: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return each language as a customer would read it, and how long its SMS is."""
    found = []
    for locale, texts in rules.tidied(said).items():
        values = sample(g.tenant, locale)
        sms = rules.sms_text(texts, values)
        length, parts = rules.sms_parts(sms)
        look = {"locale": locale, "name": LOCALES[locale], "sms": sms, "length": length}
        found.append(look | {"parts": parts, "written": filled(texts, values, is_html=False)})
    return found
