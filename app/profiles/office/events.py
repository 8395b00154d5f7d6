"""The back office: why somebody got bonuses for what was no order: a birthday, a review, an achievement."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request

from app.errors import NotFound
from app.profiles import explain, queries, service
from app.profiles.office.listing import bp
from app.profiles.rules import parse, sentence
from app.profiles.rules.triggers import TRIGGERS
from app.site.access import requires
from app.web.forms import storable
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.profiles.models import ProfileRule, RuleEvaluation
    from app.profiles.rules import Words

# A lot of a rule is called profile:<event>:<rule>:<effect>:<who>:<id>:<level>, and :<times> when given anew.
_LOT = re.compile(r"profile:(?P<event>.+?):\d+:\d+:(?:member|referrer|owner):\d+:\d+(?::\d+)?")


@dataclass(frozen=True)
class Look:
    """One rule at the event: its sentence of that time, every answer, and what it gave (minor units)."""

    rule: ProfileRule
    said: str
    matched: bool
    steps: list[explain.Line]
    given: list[tuple[str, str, str]]  # who, bonuses, why less than counted


def event_of(reference: str) -> str | None:
    """Return the event for which a lot was given."""
    found = _LOT.fullmatch(reference)
    return found["event"] if found else None


@bp.get("/why/event")
@requires("read")
def why_event() -> Response:
    """Show what every rule made of the event behind a line of a customer's statement."""
    of = request.args.get("of", "")
    if not of:
        return see_other("office.profiles.index")
    event = event_of(of) if storable(of) and len(of) < 500 else None
    if event is None or event.startswith("order:"):
        raise NotFound
    words, found = service.Spoken(), queries.evaluations_of(event)
    known = {each.id: each for each in queries.rules([each.rule_id for each in found])}
    trigger = TRIGGERS.get(event.partition(":")[0])
    return page(
        "profiles/office/why_event.html",
        what=trigger.label if trigger else "",
        member_id=next((each.member_id for each in found), None),
        at=next((each.at for each in found), None),
        looks=[_look(each, known[each.rule_id], words) for each in found],
    )


def _look(seen: RuleEvaluation, rule: ProfileRule, words: Words) -> Look:
    version = queries.version(seen.version_id)
    return Look(
        rule=rule,
        said=sentence(parse(version.body), words) if version else "",
        matched=seen.matched,
        steps=explain.steps(queries.trace_of(seen.trace), words),
        given=[explain.kept_gift(each, words) for each in seen.effects],
    )
