"""Postbacks: a sale told in one address, `click, order, amount, currency, status, ts, sig`, GET or POST.

`sig` proves it: hex HMAC-SHA256 with the secret of the shop over the other parameters, sorted by name
and urlencoded. Without `sig` anybody may have said it: the order is registered and unproven, no word of it
moves anything, and it is forgotten with the first word that is proven.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from flask_babel import gettext as _

from app import clock, crypto
from app.attribution.queries import read_clicks
from app.errors import DomainError, FieldError, Forbidden, NotFound
from app.intake import service as intake
from app.intake.shops import rotating
from app.money import MoneyError, parse_decimal
from app.orders import service as orders
from app.orders.rules import Line, Snapshot, State, is_id, problems
from app.orders.service import Incoming
from app.partners.queries import partner_of_code
from app.standard_webhooks import PREFIX, TOLERANCE
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from app.orders.service import Standing
    from app.tenants.models import Tenant

SOURCE = "postback"
LINE = "postback"  # the one line of an order that postbacks alone tell of
UNCONFIRMED = "unconfirmed"  # the word of an order that nobody has proven
READ = frozenset({"click", "order", "amount", "currency", "status", "ts", "sig", "ref"})
LONGEST = 4000
_LONGEST_OF = {"order": 128, "status": 128, "ref": 500}
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


def _script(text: str) -> str:
    """Encode as URLSearchParams of browsers and Node do."""
    return quote_plus(text, safe="*").replace("~", "%7E")


# The same parameters as languages write them: with a plus for a space, with %20, and as scripts do.
_WRITINGS: tuple[Callable[[str], str], ...] = (
    quote_plus,
    lambda text: quote(text, safe=""),
    _script,
)


def signatures(secret: str, said: Mapping[str, str]) -> list[str]:
    """Return the signatures of parameters that hold: one for each writing, and each reading of the secret."""
    found = []
    for write in _WRITINGS:
        rest = "&".join(
            f"{write(name)}={write(value)}" for name, value in sorted(said.items()) if name != "sig"
        )
        found += [hmac.digest(key, rest.encode(), "sha256").hex() for key in _keys(secret)]
    return found


def _keys(secret: str) -> list[bytes]:
    keys = [secret.encode()]
    if secret.startswith(PREFIX):
        keys.append(b64decode(secret.removeprefix(PREFIX)))
    return keys


def hear(tenant: Tenant, pairs: Iterable[tuple[str, str]]) -> tuple[Standing | None, bool]:
    """Take in a postback; return the order as it stands and whether the postback was proven.

    Of what is not proven nothing is told but that it was heard. Raises Forbidden for a signature that does
    not hold, DomainError with the fields that cannot stand.
    """
    said = _once(pairs)
    if "sig" not in said:
        _suppose(tenant, said)
        return None, False
    shop_id = _whose(said)
    at = _moment(said.get("ts", ""), tenant.clock_offset)
    return _believe(tenant, shop_id, said, at), True


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    said: dict[str, str] = {}
    for name, value in pairs:
        if name in said:
            raise _refused(name[:100], _("This stands twice."))
        if len(value) > _LONGEST_OF.get(name, LONGEST) or "\x00" in value:
            raise _refused(name[:100], _("This cannot be stored."))
        said[name] = value
    return said


def _whose(said: Mapping[str, str]) -> int:
    """Return the shop whose secret signed it. Raises Forbidden."""
    given, now = said["sig"].lower().encode("utf-8", "replace"), int(clock.wall().timestamp())
    for each in tenants.connections(SOURCE):
        for secret in rotating.valid(crypto.open_sealed(each.secret), now):
            for good in signatures(secret, said):
                if hmac.compare_digest(good.encode(), given):
                    return each.shop_id
    words = _("The signature is not that of these parameters.")
    raise Forbidden("bad_signature", words, FieldError("sig", words))


def _moment(text: str, offset: timedelta) -> datetime:
    """Return when it was sent, by the merchant's clock. Raises DomainError for another time than now."""
    try:
        number = int(text) if _SECONDS.fullmatch(text) else None
        at = datetime.fromisoformat(text) if number is None else datetime.fromtimestamp(number, UTC)
    except (ValueError, OverflowError, OSError):
        at = None
    if at is None or at.tzinfo is None:
        raise _refused("ts", _("Seconds since 1970, or a time with its offset."))
    if abs(at - clock.wall()) > timedelta(seconds=TOLERANCE):
        raise _refused("ts", _("More than five minutes away from our clock."), "stale")
    return at + offset


def _believe(tenant: Tenant, shop_id: int, said: Mapping[str, str], at: datetime) -> Standing:
    external_id = _order(said)
    known = _known(shop_id, external_id)
    words = tenants.words(shop_id)
    snapshot = _snapshot(tenant, said, at, known)
    told = Incoming(
        shop_id=shop_id,
        external_id=external_id,
        snapshot=snapshot,
        state=orders.read_state(snapshot.status, words.words),
        map_version=words.version,
        source=SOURCE,
        received_at=clock.now(),
    )
    return intake.apply(told).order


def _suppose(tenant: Tenant, said: Mapping[str, str]) -> None:
    """Keep what anybody may have said, where nothing is known of the order yet."""
    external_id = _order(said)
    snapshot = _snapshot(tenant, said, clock.now(), None)
    if not _speaks(said):
        raise _refused("click", _("A click of this merchant's, or ref with a partner's code."))
    shops = tenants.shops()
    if any(_known(shop.id, external_id, proven=False) for shop in shops):
        return
    supposed = replace(snapshot, status=UNCONFIRMED, unproven=True)
    intake.apply(
        Incoming(
            shop_id=shops[0].id,
            external_id=external_id,
            snapshot=supposed,
            state=State.REGISTERED,
            map_version=tenants.words(shops[0].id).version,
            source=SOURCE,
            received_at=clock.now(),
        )
    )


def _speaks(said: Mapping[str, str]) -> bool:
    """Tell whether it names a click of this merchant's, or a partner of his."""
    click, ref = said.get("click", ""), said.get("ref", "")
    return bool((click and read_clicks([click])) or (ref and partner_of_code([ref])))


def _order(said: Mapping[str, str]) -> str:
    found = said.get("order", "")
    if not is_id(found):
        raise _refused("order", _("The order's id in the shop: a text of 1 to 128 characters."))
    return found


def _known(shop_id: int, external_id: str, *, proven: bool = True) -> Snapshot | None:
    """Return the order as it is known; `proven`: by proven words alone."""
    try:
        found = orders.find(shop_id, external_id).folded.snapshot
    except NotFound:
        return None
    return None if proven and found.unproven else found


def _snapshot(
    tenant: Tenant, said: Mapping[str, str], at: datetime, known: Snapshot | None
) -> Snapshot:
    """Return the order as the postback tells of it; of one whose lines the shop has told it knows less."""
    currency = tenant.currency
    if said.get("currency", currency) != currency:
        raise _refused("currency", _("The order must be in the merchant's currency."))
    click, ref = said.get("click") or None, said.get("ref") or None
    amount = _amount(said.get("amount"), currency, needed=known is None)
    if known is not None:
        found = replace(
            known,
            status=said.get("status") or known.status,
            updated_at=at,
            click=click or known.click,
            ref=ref or known.ref,
        )
    else:
        found = Snapshot(
            status=said.get("status") or "new",
            currency=currency,
            created_at=at,
            updated_at=at,
            click=click,
            ref=ref,
        )
    if amount is not None and (known is None or [each.id for each in known.lines] == [LINE]):
        line = Line(id=LINE, name=_("Sale"), quantity=Decimal(1), price=amount)
        found = replace(found, lines=(line,))
    wrong = problems(found)
    if wrong:
        raise _refused("amount", wrong[0].code)
    return found


def _amount(text: str | None, currency: str, *, needed: bool) -> int | None:
    if not text:
        if needed:
            raise _refused("amount", _("This is required."))
        return None
    try:
        amount = parse_decimal(text, currency)
    except MoneyError as error:
        raise _refused("amount", str(orders.MESSAGES.get(error.code, error.code))) from error
    if amount < 0:
        raise _refused("amount", _("This must not be negative."))
    return amount


def _refused(field: str, words: str, code: str = "invalid") -> DomainError:
    return DomainError(code, words, FieldError(field, words))
