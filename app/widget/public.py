"""The widget for carts and profiles: its script, its look, and what it asks. No session, no cookie."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, current_app, g, make_response, request
from flask_babel import force_locale
from flask_babel import gettext as _
from pydantic import ValidationError

from app import strict_json
from app.bonuses import queries as bonuses
from app.bonuses.api import KINDS
from app.carts import queries as cart_queries
from app.checkout import service as checkout
from app.checkout.api import earned, narrowed, snapshot_of
from app.errors import DomainError, FieldError, in_plain_words
from app.extensions import csrf, limiter
from app.intake.shops import carts
from app.members import queries as members
from app.money import parse_decimal, to_decimal_string
from app.orders.rules import line_value
from app.site.access import requires
from app.site.limits import calls
from app.tenants import queries as tenants
from app.web.colour import ink, parse
from app.web.errors import problem
from app.web.filters import money_text, percent
from app.web.locale import LOCALES
from app.widget import queries, service
from app.widget.forms import words_of
from app.widget.rules import LONGEST_TOKEN, TokenError
from app.widget.schemas import WalletIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.carts.models import CartCoupon
    from app.checkout.service import Quote
    from app.members.models import Member
    from app.orders.rules import Snapshot
    from app.widget.service import SignedIn

bp = Blueprint("widget", __name__, url_prefix="/w")

SOURCE = Path(__file__).resolve().parent.parent.parent / "static" / "widget.js"
KEPT = 300  # seconds; a changed look reaches pages soon
ASKED = 7200  # seconds for which a browser need not ask again whether it may ask
LARGEST = 64 * 1024  # bytes of a cart
HISTORY = 5
PER_CUSTOMER, PER_ADDRESS = 10, 40  # questions a second
ANYBODY = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
REFUSALS = {
    "missing": "Send the customer's token: Authorization: Bearer pw1.…",
    "malformed": "This is no token of ours: pw1.<key>.<customer>.<until>.<signature>.",
    "signature": "The signature is not that of a secret of this merchant.",
    "expired": "The token is over: the shop's server makes a new one.",
    "lifetime": "The token lasts longer than 24 hours: nobody's does.",
}


PRIVATE = frozenset(
    {"public.widget.wallet", "public.carts.make", "public.carts.drop"}
)  # what is one customer's


@bp.before_request
def stand_alone() -> None:
    """Neither read nor write anybody's session; remember whether one of the shops' pages asks."""
    g.for_everybody = True
    origin = request.headers.get("Origin", "")
    g.widget_origin = origin if origin and queries.is_ours(origin) else None


@bp.after_request
def open_to_shops(response: Response) -> Response:
    """Let the shops' own pages read the answer, refusals too, and nobody else's."""
    if request.endpoint in PRIVATE:
        response.vary.add("Origin")
        response.headers["Cache-Control"] = "no-store"
        if g.get("widget_origin"):
            response.headers["Access-Control-Allow-Origin"] = g.widget_origin
            response.headers["Access-Control-Expose-Headers"] = "Retry-After"
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@bp.get("/<merchant>.js")
@requires("anyone")
def script() -> Response:
    packed = request.accept_encodings.quality("gzip") > 0
    response = make_response(widget_script(packed=packed))
    response.headers["Content-Type"] = "text/javascript; charset=utf-8"
    response.vary.add("Accept-Encoding")
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return _kept(response)


@bp.get("/<merchant>/look.json")
@requires("anyone")
def look() -> Response:
    """Say how the widget looks, and its words in the language that is asked for: `?lang=ru`."""
    return _kept(make_response(current_app.json.response(setup_of(request.args.get("lang", "")))))


def setup_of(wanted: str) -> dict[str, Any]:
    """Return all that the script needs to draw: look, words, currency, and the look's version."""
    now, language = queries.look(), language_of(wanted)
    said = now.said()
    del said["texts"]
    return {
        "version": now.version,
        "lang": language.replace("_", "-"),
        "currency": g.tenant.currency,
        "look": said | {"on_accent": ink(parse(now.accent))},
        "words": words_of(now, language),
    }


@bp.route("/<merchant>/wallet", methods=["POST", "OPTIONS"])
@limiter.limit("600/minute", exempt_when=lambda: request.method == "OPTIONS")
@requires("anyone")
def wallet() -> Response:
    """Say what the signed-in customer has, and what of a cart may be paid with it. Books nothing."""
    who = who_asks(PER_CUSTOMER)
    if isinstance(who, Response):
        return who
    body, lines = asked()
    g.shop_id = who.shop_id
    with force_locale(language_of(body.lang)):
        answer = _answer(members.by_external(who.shop_id, who.customer), who.customer, body, lines)
    service.note_seen(who.key, g.widget_origin)
    return make_response(current_app.json.response(answer))


csrf.exempt(wallet)  # a signed token speaks for the customer; no browser sends it by itself


def who_asks(most: int) -> SignedIn | Response:
    """Return whom a page of the merchant's shops says is signed in, or the answer that refuses it.

    `most`: questions a second of one customer.
    """
    if g.widget_origin is None:
        words = "Only pages on the domains of the merchant's shops may ask."
        return problem(403, words, code="origin")
    if request.method == "OPTIONS":
        return _may_ask()
    try:
        who = service.recognise(_token())
    except TokenError as error:
        header = {"WWW-Authenticate": 'Bearer realm="Partnerka widget"'}
        return problem(401, REFUSALS[error.code], code=f"token_{error.code}", headers=header)
    if calls.too_many(f"widget:{request.remote_addr}", PER_ADDRESS) or calls.too_many(
        f"widget:{who.key.id}:{who.customer}:{request.endpoint}", most
    ):
        words = "Too many questions in this second."
        return problem(429, words, code="rate", headers={"Retry-After": "1"})
    return who


@lru_cache(maxsize=2)
def widget_script(*, packed: bool) -> bytes:
    """Return the script without what only its readers need; it has nothing of any merchant's."""
    lines = (line.strip() for line in SOURCE.read_text().splitlines())
    body = "\n".join(line for line in lines if line and not line.startswith("//")).encode()
    return gzip.compress(body, 9, mtime=0) if packed else body


def _kept(response: Response) -> Response:
    response.headers.update(ANYBODY)
    response.headers["Cache-Control"] = f"public, max-age={KEPT}"
    response.add_etag()
    response.make_conditional(request)
    return response


def _may_ask() -> Response:
    headers = {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "Authorization, Content-Type",
        "Access-Control-Max-Age": str(ASKED),
    }
    return make_response("", 204, headers)


def language_of(wanted: str) -> str:
    """Return the language of ours that is nearest to the one of the page, else the merchant's."""
    said = wanted.replace("-", "_")
    for each in (said, said.partition("_")[0].lower(), g.tenant.locale):
        if each in LOCALES:
            return each
    return "en"


def _token() -> str:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenError("missing")
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise TokenError("malformed")
    return token.strip()


def asked() -> tuple[WalletIn, Any]:
    """Return what is asked, and the lines as they were sent."""
    words, sent = _("The cart cannot be taken as it is."), request.get_data()
    if len(sent) > LARGEST:
        abort(413)
    try:
        said: Any = strict_json.parse(sent or b"{}")
    except (strict_json.BadJson, strict_json.Unstorable) as error:
        raise DomainError("invalid", words) from error
    if not isinstance(said, dict):
        raise DomainError("invalid", words)
    try:
        return WalletIn.model_validate(said), said.get("lines")
    except ValidationError as error:
        found = (
            FieldError(".".join(map(str, e["loc"])), in_plain_words(e["msg"]))
            for e in error.errors()
        )
        raise DomainError("invalid", words, *found) from error


def _answer(member: Member | None, customer: str, body: WalletIn, lines: Any) -> dict[str, Any]:
    if not tenants.setting("loyalty"):
        raise DomainError("no_loyalty", _("Bonuses are not switched on."))
    has, currency = bonuses.balance(member.id) if member else bonuses.NOTHING, g.tenant.currency
    following, quote = has.next_expiry, None
    if body.lines is not None:
        quote = _quote(customer, body, lines)
    return {
        "version": queries.look().version,
        **{
            name: to_decimal_string(getattr(has, name), currency)
            for name in ("available", "pending", "debt")
        },
        "next_expiry": following
        and {
            "at": following[0].isoformat(),
            "amount": to_decimal_string(following[1], currency),
        },
        "history": _history(member) if body.history else None,
        "quote": quote,
        "coupon": quote and coupon_of(member, cart_of(customer, body, lines), quote["spend"]),
    }


def coupon_of(member: Member | None, cart: Snapshot, spend: str) -> dict[str, Any] | None:
    """Return whether bonuses become a code in this shop, of which sum, and the code that is open."""
    currency = g.tenant.currency
    if member is None or not carts.offered(g.shop_id):
        return None
    goods = sum(line_value(line) for line in cart.lines)
    most = min(parse_decimal(spend, currency), goods)
    row = cart_queries.open_of(g.shop_id, member.id)
    return {
        "sum": to_decimal_string(carts.sum_of(g.shop_id, member.id, most), currency),
        "open": row and shown(row, goods),
    }


def shown(row: CartCoupon, goods: int) -> dict[str, Any]:
    """Return a code as the widget is told of it; one that the shop is still asked for has no word yet."""
    made = row.state == "made"
    return {
        "id": row.public_id,
        "state": row.state,
        "code": row.code if made else None,
        "amount": to_decimal_string(row.amount, g.tenant.currency),
        "until": row.ends_at.isoformat(),
        "fits": carts.fits(row, goods),
    }


def _history(member: Member | None) -> list[dict[str, str]]:
    found = bonuses.entries(member.id, HISTORY) if member else []
    return [
        {
            "at": row.at.isoformat(),
            "kind": KINDS[row.act],
            "amount": to_decimal_string(row.amount, g.tenant.currency),
        }
        for row in found
    ]


def cart_of(customer: str, body: WalletIn, lines: Any) -> Snapshot:
    """Return a customer's cart as an order of now. Raises DomainError for what cannot be read."""
    said = body.model_dump(include={"shipping", "fees", "spend"}, exclude_none=True)
    return snapshot_of({"member": customer, **said}, lines)


def _quote(customer: str, body: WalletIn, lines: Any) -> dict[str, Any]:
    snapshot, currency = cart_of(customer, body, lines), g.tenant.currency
    found = checkout.quote(g.shop_id, snapshot, earned, narrowed)
    sums = {
        "total": found.cart.total,
        "max_spend": found.quoted.most,
        "spend": found.quoted.spend,
        "earn": found.earn,
        "payable": found.payable,
    }
    return {
        **{name: to_decimal_string(amount, currency) for name, amount in sums.items()},
        "why": [*_why(found, snapshot), *checkout.reasons(found.bounds, currency)],
    }


def _why(found: Quote, snapshot: Snapshot) -> Iterator[str]:
    """Say in short words what bounds the choice here."""
    program, most = bonuses.program(), found.quoted.most
    if found.balance and most == found.balance:
        yield _("You can spend all that you have.")
    elif program.spend_percent < 100:
        part = percent(program.spend_percent)
        yield _("Bonuses pay for %(part)s of the goods at most.", part=part)
    if snapshot.shipping and not program.shipping_spendable:
        yield _("Delivery is paid in money.")
    if not program.promo_spendable and any(line.promo for line in snapshot.lines):
        yield _("Goods at a special price are paid in money.")
    if program.minimum_cash:
        cash = money_text(program.minimum_cash, g.tenant.currency)
        yield _("At least %(sum)s is paid in money.", sum=cash)
    if most and not program.earn_while_redeeming:
        yield _("An order that is paid with bonuses earns none.")
