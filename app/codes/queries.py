"""Read codes with what they are good for, how often they were used, and the merchant's pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from app import clock, sql
from app.codes.models import CodeUse
from app.codes.rules import (
    DEFAULT_PATTERN,
    Conditions,
    Lapse,
    conditions_from_json,
)
from app.extensions import db
from app.facts import service as facts
from app.partners.models import Code, Partner
from app.partners.rules import Status, fold_code
from app.runs.models import Run, RunLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


NAME = "conditions"
MAKING = "codes.make"  # the kind of long work that makes many
_USED_UP = """
SELECT (SELECT count(*) FROM code_use u WHERE u.code_id = c.id AND u.stands AND u.made_at <= %(now)s)
       >= (f.value ->> 'limit')::bigint AS late
FROM code c CROSS JOIN LATERAL (
    SELECT value FROM fact
    WHERE owner = 'code:' || c.id AND name = 'conditions' AND valid_from <= %(now)s
    ORDER BY valid_from DESC LIMIT 1) f
WHERE c.key = %(key)s AND c.dated AND c.kind = 'promo'
"""


@dataclass(frozen=True)
class Row:
    """A promo code as lists show it."""

    code: Code
    partner: Partner
    conditions: Conditions
    used: int

    @property
    def state(self) -> str:
        """How the code stands now: active, early, expired, off, used_up."""
        return state_of(self.conditions, self.used)


def state_of(said: Conditions, used: int) -> str:
    """Return how a code stands now: active, early, expired, off, used_up."""
    lapse = said.lapse(clock.now(), said.shop_id)
    if lapse is None:
        full = said.limit is not None and used >= said.limit
        return "used_up" if full else "active"
    return {Lapse.RETIRED: "off", Lapse.EARLY: "early"}.get(lapse, "expired")


def listed() -> Any:
    """Return the statement of all promo codes with their partners."""
    return (
        select(Code, Partner)
        .join(Partner, and_(Partner.tenant_id == Code.tenant_id, Partner.id == Code.partner_id))
        .where(Code.kind == "promo")
    )


def made_in(run: str) -> Any:
    """Return the statement of the ids of the codes that one long work made, by its outside id."""
    same = (RunLine.tenant_id == Run.tenant_id) & (RunLine.run_id == Run.id)
    mine = select(RunLine.subject).join(Run, same).where(Run.public_id == run, Run.kind == MAKING)
    return mine.where(RunLine.kind == "made")


def makings(most: int = 20) -> Sequence[Run]:
    """Return the newest long works that made codes."""
    query = select(Run).where(Run.kind == MAKING).order_by(Run.id.desc()).limit(most)
    return db.session.scalars(query).all()


def rows(found: Iterable[Any]) -> list[Row]:
    """Return rows of `listed` with what the codes are good for now and how many orders used them."""
    pairs = [(row[0], row[1]) for row in found]
    said = conditions_of(code.id for code, _ in pairs)
    used = uses_of(code.id for code, _ in pairs)
    return [Row(code, partner, said[code.id], used[code.id]) for code, partner in pairs]


def newest(statement: Any, most: int) -> list[Row]:
    """Return the newest rows of a statement like `listed`."""
    return rows(db.session.execute(statement.order_by(Code.id.desc()).limit(most)))


def of_partner(partner_id: int) -> list[Row]:
    """Return a partner's promo codes that are shown, as they were made."""
    mine = listed().where(Code.partner_id == partner_id, Code.retired_at.is_(None))
    return rows(db.session.execute(mine.order_by(Code.id)))


def by_id(code_id: int) -> Row | None:
    """Return a promo code of the scope."""
    found = rows(db.session.execute(listed().where(Code.id == code_id)))
    return found[0] if found else None


def by_code(said: str) -> Row | None:
    """Return a promo code in any spelling."""
    found = rows(db.session.execute(listed().where(Code.key == fold_code(said))))
    return found[0] if found else None


def conditions_of(code_ids: Iterable[int]) -> dict[int, Conditions]:
    """Return what codes are good for now, by our ids."""
    ids = set(code_ids)
    known = facts.current([f"code:{i}" for i in ids], [NAME]) if ids else {}
    return {i: conditions_from_json(known.get(f"code:{i}", {}).get(NAME)) for i in ids}


def uses_of(code_ids: Iterable[int]) -> dict[int, int]:
    """Return how many orders that stand use codes with a limit, by our ids."""
    ids = set(code_ids)
    query = (
        select(CodeUse.code_id, func.count())
        .where(CodeUse.code_id.in_(ids), CodeUse.stands, CodeUse.within)
        .group_by(CodeUse.code_id)
    )
    found = {row[0]: row[1] for row in db.session.execute(query)} if ids else {}
    return {i: found.get(i, 0) for i in ids}


def is_used_up(said: str) -> bool:
    """Whether a code is good for so many orders, and as many stand by now."""
    row = sql.one(_USED_UP, {"key": fold_code(said), "now": clock.now()})
    return row is not None and bool(row.late)


@dataclass(frozen=True)
class Standing:
    """What a code is worth to whoever types it now; `reason` says why it is worth nothing."""

    display: str
    partner: Partner
    reason: str | None
    gives: str | None


def standing(said: str, shop_id: int | None = None) -> Standing | None:
    """Say whether a code holds now, for anybody; None: nobody has it."""
    query = (
        select(Code, Partner)
        .join(Partner, and_(Partner.tenant_id == Code.tenant_id, Partner.id == Code.partner_id))
        .where(Code.key == fold_code(said))
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    code, partner = row
    reason = None if partner.status == Status.ACTIVE else f"partner_{partner.status}"
    if reason is None and code.kind == "promo" and code.dated:
        [found] = rows([row])
        lapse = found.conditions.lapse(clock.now(), shop_id or found.conditions.shop_id)
        if lapse is None and found.state == "used_up":
            lapse = Lapse.USED_UP
        reason = lapse.value if lapse else None
    return Standing(code.display, partner, reason, code.gives)


def pattern() -> str:
    """Return the pattern by which the merchant's new codes are made."""
    found = facts.current(["merchant"], ["code_pattern"]).get("merchant", {}).get("code_pattern")
    return found if isinstance(found, str) else DEFAULT_PATTERN


def taken(keys: Sequence[str]) -> set[str]:
    """Return which of these keys are codes already."""
    return set(db.session.scalars(select(Code.key).where(Code.key.in_(keys))))
