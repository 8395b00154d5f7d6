"""The card on the phone: sign in by a code, the number as bars and as a square, balance and history."""

from __future__ import annotations

import base64
import json
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, make_response, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import clock
from app.bonuses import queries as bonuses
from app.bonuses.forms import KINDS
from app.bonuses.office import entries
from app.bonuses.office.accounts import MOVED
from app.cards import rules, service
from app.cards.forms import CodeForm, PhoneForm
from app.earnings import queries as earnings
from app.errors import DomainError, NotFound
from app.links.service import draw_svg
from app.members.rules import region_of
from app.notifications import service as notifications
from app.ranks import queries as ranks
from app.site import attempts
from app.site.access import requires
from app.sms import queries as sms
from app.tenants import queries as tenants
from app.web.assets import STATIC
from app.web.locale import select_locale
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.members.models import Member

bp = Blueprint("cards", __name__, url_prefix="/<merchant>/card")

# The most that a person with a phone looks at; columns fold into lines at 375 px.
HISTORY = Table(
    name="card-history",
    caption=_l("History"),
    key=MOVED,
    counted=False,
    default="-at",
    columns=(
        Column("at", _l("When"), render="datetime", main=True, sort=MOVED, value=lambda row: row.move.at),
        Column("why", _l("For what"), value=lambda row: entries.what(row) or KINDS[row.move.kind]),
        entries.AMOUNT,
        Column("balance", _l("After it"), render="money", end=True, value=lambda row: row.move.balance),
        entries.LAPSES,
    ),
    empty=Empty(
        _l("Nothing has moved here yet"),
        _l("Show the card as you pay: what you earn and spend is listed here."),
        icon="coin",
    ),
)  # fmt: skip


@bp.get("/")
@requires("anyone")
def index() -> Response:
    """Show the card of who is signed in on this phone, else ask for the phone."""
    _open()
    mine = _signed_in()
    if not mine:
        return _phone(_phone_form(empty=True))
    return _card(mine)


@bp.post("/ask")
@requires("anyone")
def ask() -> Response:
    """Send a code to a phone, if it is a customer's; the answer is the same for any phone."""
    _open()
    form = _phone_form()
    if not form.validate_on_submit():
        return _phone(form, 422)
    attempts.count_phone_code()
    try:
        given = service.ask(form.e164)
    except DomainError as error:
        form.tell(error)
        return _phone(form, error.status)
    session[_name("asked")] = given.token
    if given.code_id is not None:
        notifications.text_code(given.code_id, form.e164, given.member_id or 0, select_locale())
    return see_other("public.cards.code")


@bp.get("/code")
@requires("anyone")
def code() -> Response:
    """Ask for the code that came."""
    _open()
    if not isinstance(session.get(_name("asked")), str):
        return see_other("public.cards.index")
    return page("cards/public/code.html", form=CodeForm(formdata=None))


@bp.post("/code")
@requires("anyone")
def enter() -> Response:
    """Sign in by the code, on the browser that asked for it."""
    _open()
    asked, form = session.get(_name("asked")), CodeForm()
    if not isinstance(asked, str):
        return see_other("public.cards.index")
    if not form.validate_on_submit():
        return page("cards/public/code.html", status=422, form=form)
    attempts.count_phone_try(g.tenant.id)
    opened = service.attempt(asked, form.code.data)
    if opened is None:
        attempts.count_wrong_phone_code(g.tenant.id)
        attempts.keep_tries()
        form.code.errors = [_refusal(asked)]
        return page("cards/public/code.html", status=422, form=form)
    session.pop(_name("asked"), None)
    session[_name("card")] = opened
    session.permanent = True
    return see_other("public.cards.index")


def _refusal(asked: str) -> str:
    if service.is_over(asked):
        return str(_("This code holds no more. Ask for a new one."))
    return str(_("This is not the code that was sent."))


@bp.post("/leave")
@requires("anyone")
def leave() -> Response:
    """Sign out, and let the phone forget what it kept for a moment without a network."""
    opened = session.pop(_name("card"), None)
    if isinstance(opened, str):
        service.sign_out(opened)
    response = see_other("public.cards.index", message=_("You are signed out."))
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


@bp.get("/app.webmanifest")
@requires("anyone")
def manifest() -> Response:
    """Let the card be installed beside the phone's other apps."""
    _open()
    home = url_for("public.cards.index")
    said = {
        "name": g.tenant.name,
        "short_name": g.tenant.name[:12],
        "description": str(_("Loyalty card")),
        "start_url": home,
        "scope": home,
        "id": home,
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": g.tenant.brand.get("accent") or "#ffffff",
        "icons": [
            {"src": url_for("public.cards.picture"), "sizes": "any", "type": "image/svg+xml"}
        ],
    }
    response = make_response(json.dumps(said))
    response.headers["Content-Type"] = "application/manifest+json; charset=utf-8"
    return response


@bp.get("/icon.svg")
@requires("anyone")
def picture() -> Response:
    """Draw the merchant's first letter on its colour."""
    return _file("image/svg+xml", page("cards/public/icon.svg", letter=g.tenant.name[:1].upper()))


@bp.get("/worker.js")
@requires("anyone")
def worker() -> Response:
    """Keep the card's page on the phone, for tills without a network."""
    return _file("text/javascript", make_response((STATIC / "card-worker.js").read_bytes()))


def _file(kind: str, response: Response) -> Response:
    response.headers["Content-Type"] = f"{kind}; charset=utf-8"
    response.headers["Cache-Control"] = "no-cache"
    return response


def _open() -> None:
    """There is a card where there are bonuses."""
    if not tenants.setting("loyalty"):
        raise NotFound


def _name(what: str) -> str:
    return f"{what}:{g.tenant.id}"


def _signed_in() -> Sequence[Member]:
    opened = session.get(_name("card"))
    return service.signed_in(opened) if isinstance(opened, str) else ()


def _phone_form(*, empty: bool = False) -> PhoneForm:
    form = PhoneForm(formdata=None) if empty else PhoneForm()
    form.region = region_of(g.tenant.currency)
    return form


def _phone(form: PhoneForm, status: int = 200) -> Response:
    works = sms.is_on() or g.tenant.twin_of is not None  # test mode keeps its SMS in a mailbox
    return page("cards/public/phone.html", status=status, form=form, works=works)


def _card(mine: Sequence[Member]) -> Response:
    wanted = request.args.get("at", "")
    member = next((each for each in mine if str(each.id) == wanted), mine[0])
    card = service.ensure(member)
    view = HISTORY.load(bonuses.statement_of(member.id))
    view.rows = entries.told(view.rows)
    return page(
        "cards/public/card.html",
        "_history.html",
        member=member,
        mine=mine,
        shops={each.id: tenants.shop_by_id(each.shop_id) for each in mine},
        card=card,
        bars=_bars(card.number),
        square=_picture(draw_svg(card.number)),
        balance=bonuses.balance(member.id),
        history=view,
        rank=ranks.rank_of(member.id),
        awards=ranks.borne(member.id),
        progress=ranks.progress(member.id),
        goals=earnings.goals(member.id, g.tenant.timezone),
        at=clock.now(),
    )


def _bars(number: str) -> dict[str, Any]:
    """Return where bars stand and how wide they are, and how wide all is with its quiet zones."""
    widths = rules.bars(number)
    places = [0, *accumulate(widths)]
    quiet = 10
    return {
        "bars": [
            (place + quiet, width) for place, width in list(zip(places, widths, strict=False))[::2]
        ],
        "width": places[-1] + 2 * quiet,
    }


def _picture(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
