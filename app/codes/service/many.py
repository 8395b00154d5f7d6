"""Make many codes of one partner by a pattern: as long work, each with the same conditions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.codes import queries, rules
from app.codes.rules import ALWAYS, Conditions, conditions_from_json, conditions_to_json
from app.codes.service.making import NewCode, check, create, read_pattern
from app.errors import DomainError, FieldError, NotFound
from app.extensions import db
from app.partners.models import Partner
from app.partners.rules import fold_code
from app.runs import service as runs
from app.runs.rules import Line, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.runs.models import Run

KIND, MADE = queries.MAKING, "made"
MOST, AT_ONCE = 5_000, 50  # codes of one act; of those made while somebody waits
ROOM = 20  # a pattern makes so many times as many codes as are asked for: few are guessed, none run out
TRIES = 5


@dataclass(frozen=True, kw_only=True)
class Wish:
    """So many codes, by a pattern, each good for the same."""

    number: int
    pattern: str
    conditions: Conditions = ALWAYS
    note: str = ""
    gives: str = ""


def make(partner: Partner, wish: Wish) -> Run:
    """Begin to make codes for a partner; few are made before this returns, many by the worker.

    Raises DomainError for what is no pattern or makes too few codes, for conditions that cannot be
    meant, and for too many; Conflict while codes are being made.
    """
    pattern = read_pattern(wish.pattern, "pattern")
    if not 1 <= wish.number <= MOST:
        raise _refusal("number", _("From 1 to %(most)s codes.", most=MOST))
    if rules.how_many(pattern) < ROOM * wish.number:
        words = _("Too few codes fit this pattern. Add more of the signs @ # *.")
        raise _refusal("pattern", words)
    check(wish.conditions)
    said = {
        "partner": partner.id,
        "number": wish.number,
        "pattern": pattern,
        "conditions": conditions_to_json(wish.conditions),
        "note": wish.note,
        "gives": wish.gives,
    }
    run = runs.start(KIND, said, "apply")
    if wish.number <= AT_ONCE:
        while runs.work(run.id, KINDS):
            pass
        db.session.refresh(run)
    return run


def _refusal(name: str, words: str) -> DomainError:
    return DomainError(f"bad_{name}", words, FieldError(name, words))


def _take(run: Run, cursor: int, most: int) -> Sequence[int]:
    return range(cursor + 1, min(cursor + most, run.parameters["number"]) + 1)


def _apply(run: Run, places: Sequence[int]) -> Step:
    said = run.parameters
    partner = db.session.scalar(select(Partner).where(Partner.id == said["partner"]))
    if partner is None:
        raise NotFound
    wish: dict[str, Any] = {
        "conditions": conditions_from_json(said["conditions"]),
        "note": said["note"],
        "gives": said["gives"],
    }
    codes = _fresh(said["pattern"], partner.name, len(places))
    made = [create(partner, NewCode(code=code, **wish)) for code in codes]
    lines = [Line(MADE, code.id, 0, 0) for code in made]
    return Step(places[-1], len(places), {"made": len(made)}, lines)


def _fresh(pattern: str, name: str, number: int) -> list[str]:
    """Return so many codes that nobody has. Raises DomainError where the pattern is nearly used up."""
    found: dict[str, str] = {}
    for _tried in range(TRIES):
        tries = (rules.fill(pattern, name, secrets.choice) for _n in range(2 * number))
        new = {fold_code(code): code for code in tries}
        free = new.keys() - queries.taken(list(new))
        found |= {key: new[key] for key in sorted(free)}
        if len(found) >= number:
            return list(found.values())[:number]
    raise _refusal("pattern", _("Too few codes fit this pattern. Add more of the signs @ # *."))


KINDS = {
    KIND: runs.Kind(count=lambda run: run.parameters["number"], take=_take, apply=_apply),
}
