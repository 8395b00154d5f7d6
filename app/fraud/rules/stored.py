"""Traces and policies as they are kept, and what two looks make together."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.fraud.rules.shapes import NOTHING, OFF, Flood, Policy, Sign, Trace, Visit

if TYPE_CHECKING:
    from collections.abc import Mapping


def merge(one: Trace, other: Trace) -> Trace:
    """Return all that two looks saw: no order of looking makes a difference."""
    if other == NOTHING:
        return one
    return Trace(
        visits=_union(one.visits, other.visits, _fuller),
        floods=_union(one.floods, other.floods, max),
        devices=_union(one.devices, other.devices, _earliest),
        paid_with=_union(one.paid_with, other.paid_with, _earliest),
        told=_union(one.told, other.told, lambda a, b: max(a, b, key=str)),
    )


def _union(one: Mapping[Any, Any], other: Mapping[Any, Any], choose: Any) -> dict[Any, Any]:
    both = {key: choose(one[key], other[key]) for key in one.keys() & other.keys()}
    found = {**one, **other, **both}
    return dict(sorted(found.items(), key=lambda item: str(item[0])))


def _earliest(one: Mapping[Any, datetime], other: Mapping[Any, datetime]) -> dict[Any, datetime]:
    return _union(one, other, min)


def _fuller(one: Visit, other: Visit) -> Visit:
    """Return a click as the look told it that still found its row."""
    return Visit(one.partner_id, *(a or b for a, b in zip(one[1:], other[1:], strict=True)))


def trace_to_json(trace: Trace) -> dict[str, Any]:
    """Write a trace as plain JSON values; what is empty is left out."""
    written = {
        "visits": {key: list(visit) for key, visit in trace.visits.items()},
        "floods": {str(partner): list(flood) for partner, flood in trace.floods.items()},
        "devices": {str(p): _times(own) for p, own in trace.devices.items()},
        "paid_with": {str(p): _times(own) for p, own in trace.paid_with.items()},
        "told": {sign.value: dict(facts) for sign, facts in trace.told.items()},
    }
    return {name: value for name, value in written.items() if value}


def trace_from_json(kept: Mapping[str, Any] | None) -> Trace:
    """Read a trace; None is one that saw nothing."""
    if not kept:
        return NOTHING
    return Trace(
        visits={key: Visit(*parts) for key, parts in kept.get("visits", {}).items()},
        floods={int(p): Flood(*parts) for p, parts in kept.get("floods", {}).items()},
        devices={int(p): _instants(own) for p, own in kept.get("devices", {}).items()},
        paid_with={
            int(p): {int(other): at for other, at in _instants(own).items()}
            for p, own in kept.get("paid_with", {}).items()
        },
        told={Sign(sign): facts for sign, facts in kept.get("told", {}).items()},
    )


def _times(own: Mapping[Any, datetime]) -> dict[str, str]:
    return {str(key): at.isoformat() for key, at in own.items()}


def _instants(own: Mapping[str, str]) -> dict[str, datetime]:
    return {key: datetime.fromisoformat(at) for key, at in own.items()}


def policy_to_json(policy: Policy) -> dict[str, Any]:
    """Write a policy as the value of the merchant's dated fact "fraud"."""
    return {
        "on": sorted(sign.value for sign in policy.on),
        "sites": list(policy.sites),
        "terms": None if policy.terms is None else sorted(policy.terms),
        "flood_clicks": policy.flood_clicks,
        "flood_minutes": policy.flood_minutes,
        "loops": policy.loops,
        "loop_days": policy.loop_days,
        "site_share": policy.site_share,
    }


def policy_from_json(kept: Mapping[str, Any] | None) -> Policy:
    """Read a policy; None: nothing is switched on."""
    if not kept:
        return OFF
    terms = kept["terms"]
    return Policy(
        on=frozenset(Sign(each) for each in kept["on"]),
        sites=tuple(kept["sites"]),
        terms=None if terms is None else frozenset(terms),
        flood_clicks=kept["flood_clicks"],
        flood_minutes=kept["flood_minutes"],
        loops=kept["loops"],
        loop_days=kept["loop_days"],
        site_share=kept.get("site_share", OFF.site_share),
    )
