"""A customer types a partner's code: on our page, or in a field on the shop's own pages."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, g, make_response, request, url_for
from flask_babel import force_locale, get_locale, gettext
from flask_babel import gettext as _

from app import clock, crypto
from app.codes import queries as codes
from app.codes.forms import TypedForm
from app.codes.rules import CONFIRM
from app.coupons import queries as coupons
from app.coupons.forms import value_words
from app.coupons.rules import LINK
from app.events import service as events
from app.extensions import csrf
from app.intake import service as intake
from app.members import queries as members
from app.members.rules import normalise_email, normalise_phone, region_of
from app.members.service import Contact
from app.site import attempts
from app.site.access import requires
from app.tenancy import current_tenant
from app.tenants import queries as tenants
from app.web.forms import storable
from app.web.locale import LOCALES
from app.web.pages import page, see_address, see_other

if TYPE_CHECKING:
    from app.intake.service import Typed
    from app.members.models import Member

bp = Blueprint("codes", __name__)

SOURCE = Path(__file__).resolve().parent.parent.parent / "static" / "code.js"
WEEK = timedelta(days=7)
KEPT = 300  # seconds
LONGEST = 254
ANYBODY = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@bp.get("/<merchant>/code")
@requires("anyone")
def typed() -> Response:
    """Offer the form; `?code=` fills the code in."""
    said = {"code": request.args.get("code", "")[:100]}
    return page("codes/public/typed.html", form=TypedForm(formdata=None, data=said))


@bp.post("/<merchant>/code")
@requires("anyone")
def take() -> Response:
    """Note the code; whatever became of it, the answer is the same, but for a coupon that it gave."""
    form = TypedForm()
    if form.is_trap_sprung:
        return see_other("public.codes.noted")
    good = form.validate_on_submit()
    contact = contact_of(form.contact.data or "", "") if good else None
    if contact is None or contact.key is None:
        if good:
            form.complain(
                "contact", _("Write an e-mail address, or a phone with its country code.")
            )
        return page("codes/public/typed.html", status=422, form=form)
    found = note(form.code.data.strip(), contact)
    token = crypto.sign(LINK, [current_tenant(), found.grant]) if found.grant else None
    return see_address(url_for("public.codes.noted", coupon=token))


@bp.get("/<merchant>/code/noted")
@requires("anyone")
def noted() -> Response:
    """Thank, and show the coupon that was given."""
    said = crypto.signed(LINK, request.args.get("coupon", ""), WEEK)
    mine = isinstance(said, list) and said[:1] == [current_tenant()]
    coupon = coupons.given_by_id(said[1]) if mine else None
    worth = value_words(coupon.value) if coupon else ""
    return page("codes/public/noted.html", coupon=coupon, worth=worth)


@bp.get("/<merchant>/code/confirm/<token>")
@requires("anyone")
def confirm(token: str) -> Response:
    """Ask the owner of an e-mail whether it was he who typed the code."""
    _member, code, _locale = _asked(token)
    return page("codes/public/confirm.html", code=code, token=token, done=False)


@bp.post("/<merchant>/code/confirm/<token>")
@requires("anyone")
def confirmed(token: str) -> Response:
    """It was he: the code counts for his orders from now on."""
    member, code, locale = _asked(token)
    intake.confirm_code(member, code, locale)
    return page("codes/public/confirm.html", code=code, token=token, done=True)


@bp.get("/t/<merchant>/code.js")
@requires("anyone")
def script() -> Response:
    """The field for the shop's pages, with its words in the page's language (`?lang=`)."""
    lang = request.args.get("lang", "")
    with force_locale(lang if lang in LOCALES else g.tenant.locale):
        words = {
            "code": gettext("I have a code"),
            "contact": gettext("E-mail or phone"),
            "consent": gettext("The shop may keep this to remember my code"),
            "send": gettext("Remember my code"),
            "failed": gettext("This did not work. Try again shortly."),
        }
    lines = (line.strip() for line in SOURCE.read_text().splitlines())
    text = "\n".join(line for line in lines if line and not line.startswith("//"))
    body = text.replace("(WORDS)", f"({json.dumps(words, ensure_ascii=False)})")
    response = make_response(body, 200, ANYBODY)
    response.headers["Content-Type"] = "text/javascript; charset=utf-8"
    response.headers["Cache-Control"] = f"public, max-age={KEPT}"
    response.add_etag()
    response.make_conditional(request)
    return response


@bp.post("/t/<merchant>/code")
@requires("anyone")
def take_embedded() -> Response:
    """Take a code from a field on a page of the shop; the answer is words for the page."""
    lang = request.form.get("lang", "")
    with force_locale(lang if lang in LOCALES else g.tenant.locale):
        code, who = (request.form.get(name, "").strip() for name in ("code", "contact"))
        contact = (
            contact_of(who, request.headers.get("Origin", "")) if len(who) <= LONGEST else None
        )
        sound = contact is not None and contact.key is not None and storable(code + who)
        if (
            contact is None
            or not sound
            or not 0 < len(code) <= 100
            or not request.form.get("consent")
        ):
            words = gettext("Fill in your code and an e-mail or phone, and agree.")
            return _told(words, 422)
        found = note(code, contact)
        words = gettext(
            "Thank you, noted. If the code holds for you, your orders count for its owner."
        )
        given = found.coupon
        return _told(words, 200, {"code": given.code, "value": given.value} if given else None)


csrf.exempt(take_embedded)  # the shop's pages send it; it changes nothing of who is signed in


def note(code: str, contact: Contact) -> Typed:
    """Count the try, bind the customer, and tell staff when somebody guesses.

    Raises TooManyRequests; ServiceUnavailable when tries cannot be counted: guessing must not become free.
    """
    attempts.check_code_tries()
    known = contact.email is not None and codes.standing(code) is not None
    may_ask = known and attempts.may_write_to(str(contact.email))
    locale = str(get_locale() or g.tenant.locale)
    found = intake.type_code(code, contact, locale, may_ask=may_ask)
    if not found.good and attempts.count_wrong_code(current_tenant()):
        events.record("code.guessed", f"merchant:{current_tenant()}", address=_network())
    return found


def contact_of(said: str, origin: str) -> Contact | None:
    """Return whom an e-mail or a phone names, in the shop whose page it is; None without any shop."""
    host, shops = _host_of(origin), tenants.shops()
    if not shops:
        return None
    return Contact(
        shop_id=next((shop for shop in shops if shop.domain == host), shops[0]).id,
        customer_id=None,
        email=normalise_email(said),
        phone=None if "@" in said else normalise_phone(said, region_of(g.tenant.currency)),
        name=None,
        group=None,
        seen_at=clock.now(),
    )


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.casefold()
    except ValueError:
        return ""


def _asked(token: str) -> tuple[Member, str, str]:
    said = crypto.signed(CONFIRM, token, WEEK)
    if not isinstance(said, list) or said[:1] != [current_tenant()]:
        abort(404)
    member = members.by_id(said[1])
    return (member or abort(404)), said[2], said[3]


def _told(words: str, status: int, coupon: dict[str, Any] | None = None) -> Response:
    response = make_response({"message": words, "coupon": coupon}, status, ANYBODY)
    response.headers["Cache-Control"] = "no-store"
    return response


def _network() -> str:
    """Return the address with its end cut off: enough to know a network by."""
    here = request.remote_addr or ""
    parts = here.split(".") if "." in here else here.split(":")
    return ".".join([*parts[:3], "0"]) if "." in here else ":".join(parts[:3])
