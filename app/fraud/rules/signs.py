"""Signals in, reasons with their explanation out.

A sign that was seen only after the money was free holds nothing: what was paid stays paid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from app.fraud.rules.reading import last_digits, of_site, paid_mark, query_of, same_mailbox
from app.fraud.rules.shapes import (
    FLOOD_RATIO,
    Decision,
    Found,
    Policy,
    Scene,
    Seen,
    Sign,
    Standing,
    Visit,
    Word,
)

_STANDING = {
    Word.HOLD: Standing.HELD,
    Word.RELEASE: Standing.RELEASED,
    Word.REFUSE: Standing.REFUSED,
}


def look(scene: Scene, policy: Policy, decision: Decision | None) -> Seen:
    """Return how a deal stands: staff's last word, else held by any sign that is switched on."""
    found = signs(scene, policy)
    by_signs = Standing.HELD if found else Standing.CLEAR
    standing = _STANDING.get(decision.word, by_signs) if decision else by_signs
    return Seen(standing, found, decision)


def signs(scene: Scene, policy: Policy) -> tuple[Found, ...]:
    """Return every sign that is switched on and speaks against the deal."""
    asked = ((sign, _LOOKS[sign](scene, policy)) for sign in Sign if sign in policy.on)
    return tuple(Found(sign, facts) for sign, facts in asked if facts is not None)


Facts = Mapping[str, Any] | None


def _email(scene: Scene, _policy: Policy) -> Facts:
    if scene.email is None:
        return None
    mailbox = same_mailbox(scene.email)
    return {} if mailbox in {same_mailbox(own) for own in scene.partner_emails} else None


def _phone(scene: Scene, _policy: Policy) -> Facts:
    number = last_digits(scene.phone)
    own = {last_digits(phone) for phone in scene.partner_phones}
    return {} if number is not None and number in own else None


def _details(scene: Scene, _policy: Policy) -> Facts:
    shared = scene.trace.paid_with.get(scene.partner_id, {})
    others = sorted(other for other, since in shared.items() if scene.in_time(since))
    return {"partners": others} if others else None


def _device(scene: Scene, _policy: Policy) -> Facts:
    known = scene.trace.devices.get(scene.partner_id, {})
    own = {device for device, since in known.items() if scene.in_time(since)}
    met = sorted({v.device for v in _visits(scene) if v.device is not None and v.device in own})
    return {"devices": met} if met else None


def _flood(scene: Scene, policy: Policy) -> Facts:
    found = scene.trace.floods.get(scene.partner_id)
    if not scene.by_click or found is None or found.clicks < policy.flood_clicks:
        return None
    if found.clicks * 100 < FLOOD_RATIO * found.usual:
        return None
    return {"clicks": found.clicks, "minutes": policy.flood_minutes}


def _coupon_site(scene: Scene, policy: Policy) -> Facts:
    named = [name for v in _visits(scene) for name in (v.host, v.source) if name]
    named += [
        source for address in scene.addresses if (source := query_of(address).get("utm_source"))
    ]
    found = next((site for name in named for site in policy.sites if of_site(name, site)), None)
    return None if found is None else {"site": found}


def _loop(scene: Scene, policy: Policy) -> Facts:
    numbers = [each.number for each in scene.ended if scene.in_time(each.ended_at)]
    if len(numbers) < policy.loops:
        return None
    return {"orders": numbers[:10], "times": len(numbers), "days": policy.loop_days}


def _paid_search(scene: Scene, policy: Policy) -> Facts:
    if policy.terms is not None and scene.terms_id not in policy.terms:
        return None
    marks = [v.paid for v in _visits(scene)]
    marks += [paid_mark(query_of(address)) for address in scene.addresses]
    mark = next((mark for mark in marks if mark), None)
    return None if mark is None else {"mark": mark}


def _told(scene: Scene, _policy: Policy) -> Facts:
    facts = scene.trace.told.get(Sign.SITE)
    if facts is None or ("at" in facts and not scene.in_time(datetime.fromisoformat(facts["at"]))):
        return None
    return facts


_LOOKS: dict[Sign, Callable[[Scene, Policy], Facts]] = {
    Sign.EMAIL: _email,
    Sign.PHONE: _phone,
    Sign.DETAILS: _details,
    Sign.DEVICE: _device,
    Sign.FLOOD: _flood,
    Sign.COUPON_SITE: _coupon_site,
    Sign.LOOP: _loop,
    Sign.PAID_SEARCH: _paid_search,
    Sign.SITE: _told,
}


def _visits(scene: Scene) -> list[Visit]:
    return [v for v in scene.trace.visits.values() if v.partner_id == scene.partner_id]
