"""Verbs on the SMS service: set it up, switch it, open it, and hold to the caps of a day."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from app import clock, crypto
from app.egress import RefusedError, client
from app.errors import DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.placeholders import fill
from app.sms import queries
from app.sms.gateways import AppriseGateway, HttpGateway
from app.sms.models import Count, Gateway
from app.sms.rules import HttpTemplate, block_of, is_allowed, most_of_a_block
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from app.sms.rules import SmsGateway

MOST = 2**53


@dataclass(frozen=True, kw_only=True)
class Caps:
    """What a day may take; price and money in minor units of the merchant's currency."""

    price: int = 0
    most_a_day: int = 500
    most_money_a_day: int | None = None
    most_a_number: int = 10
    countries: Sequence[str] = ()
    quiet_from: int = 21  # hours of the merchant's day between which nobody is woken
    quiet_until: int = 9


def set_up(service: HttpTemplate | str, caps: Caps, *, is_on: bool = True) -> Gateway:
    """Keep the merchant's service, sealed: an HTTP template, or an address of apprise's.

    Raises DomainError for what cannot work. Records merchant.settings_changed, without secrets.
    """
    kind = "apprise" if isinstance(service, str) else "http"
    if isinstance(service, str):
        _check_apprise(service)
    else:
        _check_http(service)
    said = {"url": service} if isinstance(service, str) else asdict(service)
    found = queries.gateway()
    before = _shown(found)
    if found is None:
        found = Gateway(kind=kind, secret=b"", changed_at=clock.now(), changed_by=actor())
        db.session.add(found)
    found.kind, found.secret, found.is_on = kind, crypto.seal(json.dumps(said)), is_on
    found.price, found.most_a_day = caps.price, caps.most_a_day
    found.most_money_a_day, found.most_a_number = caps.most_money_a_day, caps.most_a_number
    found.countries = list(caps.countries)
    found.quiet_from, found.quiet_until = caps.quiet_from, caps.quiet_until
    found.changed_at, found.changed_by = clock.now(), actor()
    db.session.flush()
    _tell(before, _shown(found))
    return found


def switch(*, on: bool) -> None:
    """Switch the service off or on. Raises NotFound where there is none."""
    found = queries.gateway()
    if found is None:
        raise NotFound
    before = _shown(found)
    found.is_on = on
    _tell(before, _shown(found))


def _tell(before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    changes = {"sms": [before, after]}
    record("merchant.settings_changed", f"merchant:{current_tenant()}", changes=changes)


def _shown(found: Gateway | None) -> dict[str, Any] | None:
    """Return what the audit log may know of a service."""
    if found is None:
        return None
    caps = ("price", "most_a_day", "most_money_a_day", "most_a_number", "quiet_from", "quiet_until")
    return {name: getattr(found, name) for name in ("kind", "is_on", *caps)} | {
        "countries": list(found.countries)
    }


def opened(found: Gateway) -> SmsGateway:
    """Return the service ready to send. Raises crypto.Unsealable."""
    said = json.loads(crypto.open_sealed(found.secret))
    if found.kind == "apprise":
        return AppriseGateway(said["url"])
    return HttpGateway(HttpTemplate(**said))


def settings_of(found: Gateway) -> dict[str, str]:
    """Return what was typed of the service, for the form of who may change it."""
    said: dict[str, str] = json.loads(crypto.open_sealed(found.secret))
    return said


def reserve(found: Gateway, phone: str) -> str | None:
    """Count one SMS against the caps of today before it goes; None: it may, else why not.

    Counting is one conditional statement, so a hundred workers do not pass a cap together. The first
    refusal of a day tells the staff.
    """
    day = clock.wall().date()
    if not found.is_on:
        return "off"
    if not is_allowed(phone, found.countries):
        return "country not allowed"
    if not _count(day, queries.ALL, found.price, found.most_a_day, found.most_money_a_day):
        _alarm(found, day)
        return "cap of the day reached"
    if not _count(day, _scope(phone), found.price, found.most_a_number, None):
        _uncount(day, queries.ALL, found.price)
        return "cap of the number reached"
    most = most_of_a_block(found.most_a_day, found.most_a_number)
    if not _count(day, _scope(block_of(phone)), found.price, most, None):
        for scope in (queries.ALL, _scope(phone)):
            _uncount(day, scope, found.price)
        _alarm(found, day)
        return "cap of the number's block reached"
    return None


def give_back(phone: str) -> None:
    """Uncount an SMS that did not go."""
    found, day = queries.gateway(), clock.wall().date()
    if found is not None:
        for scope in (queries.ALL, _scope(phone), _scope(block_of(phone))):
            _uncount(day, scope, found.price)


def _count(day: date, scope: str, price: int, most: int, most_money: int | None) -> bool:
    money = MOST if most_money is None else most_money
    if most < 1 or price > money:
        return False
    start = insert(Count).values(day=day, scope=scope, sent=1, cost=price)
    counted = start.on_conflict_do_update(
        index_elements=[Count.tenant_id, Count.day, Count.scope],
        set_={"sent": Count.sent + 1, "cost": Count.cost + price},
        where=(Count.sent < most) & (Count.cost + price <= money),
    )
    return db.session.execute(counted.returning(Count.sent)).one_or_none() is not None


def _uncount(day: date, scope: str, price: int) -> None:
    mine = (Count.tenant_id == current_tenant()) & (Count.day == day) & (Count.scope == scope)
    values = {"sent": Count.sent - 1, "cost": Count.cost - price}
    db.session.execute(update(Count).where(mine, Count.sent > 0).values(values))


def _scope(phone: str) -> str:
    return crypto.digest(f"{current_tenant()}:{phone}")[:32]


def _alarm(found: Gateway, day: date) -> None:
    """Tell the staff once a day: a flood is stopped, and somebody looks."""
    mine = (Gateway.tenant_id == current_tenant()) & (Gateway.id == found.id)
    fresh = mine & Gateway.told_on.is_distinct_from(day)
    told = update(Gateway).where(fresh).values(told_on=day).returning(Gateway.id)
    if db.session.scalar(told) is not None:
        record("sms.stopped", f"merchant:{current_tenant()}", most=found.most_a_day)


def _check_http(template: HttpTemplate) -> None:
    problem = template.problem()
    if problem is not None:
        raise _refusal(problem[0], _words(problem[1]))
    sample = dict.fromkeys(("phone", "digits", "text", "id"), "1")
    try:
        client.check(fill(template.url, sample))
    except RefusedError as error:
        raise _refusal("url", _words("address")) from error
    if any(ord(char) < 32 or ord(char) > 126 for char in template.header):
        raise _refusal("header", _words("header"))


def _check_apprise(url: str) -> None:
    problem = AppriseGateway(url).problem()
    if problem is not None:
        raise _refusal("service", _words(problem))


def _refusal(name: str, words: str) -> DomainError:
    return DomainError(f"invalid_{name}", words, FieldError(name, words))


def _words(code: str) -> str:
    known: dict[str, str] = {
        "place": _("Only {phone}, {digits}, {text} and {id} can be filled in."),
        "host": _("The host cannot have places to fill in."),
        "missing": _(
            "The number and the text must stand somewhere: {phone} or {digits}, and {text}."
        ),
        "number": _("The number must stand in the address: {phone} or {digits}."),
        "json": _("With its places filled in this is not JSON."),
        "address": _("This address cannot be called: write a public https address of the service."),
        "header": _("A header has Latin letters and signs only."),
        "service": _("This service is not among those that can be used."),
        "unreadable": _("The service's address cannot be read."),
    }
    return known[code]
