"""Mass accrual and deduction: chosen, looked at, done in the background, and taken back by counter entries."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app import clock, sql
from app.bonuses import queries
from app.bonuses.queries import MASS, UNDO
from app.bonuses.queries.mass import ASKED, DONE, IN, OUT, asked_after
from app.bonuses.rules import ACTS, GIVE, Grant, change
from app.bonuses.service.granting import TakeBack, grant, take_back
from app.bonuses.service.many import Deduction, deduct, give_back_all
from app.errors import Conflict, DomainError, FieldError
from app.money import LARGEST
from app.runs import queries as run_queries
from app.runs import service as runs
from app.runs.rules import Line, State, Step
from app.runs.service import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.runs.models import Run

LANE = "bonus_mass"
TOGETHER = 1_000  # customers of a batch
KEPT = 5_000  # lines written in one statement
REASON = 500
_ASKED = """
SELECT subject, change FROM run_line
WHERE run_id = %(run)s AND kind = %(kind)s AND subject = ANY(%(ids)s)
"""
# Plans made once for any parameters forget how long these arrays are, and read whole tables for
# each of their elements where the tables have grown since they were last looked at.
_PLANS = "SET LOCAL plan_cache_mode = force_custom_plan"
_STANDING = """
SELECT reference, amount - clawed AS amount FROM lot WHERE reference = ANY(%(references)s)
"""
_BY_KEY = """
SELECT key, id FROM member WHERE shop_id = %(shop)s AND key = ANY(%(keys)s)
UNION ALL
SELECT 'email:' || email, min(id) FROM member WHERE shop_id = %(shop)s AND email = ANY(%(emails)s) GROUP BY 1
"""


@dataclass(frozen=True, kw_only=True)
class Mass:
    """What is done to each: accrue or deduct how much, why, and when accrued bonuses live.

    `partly`: who has less than is to be deducted loses what he has, else he is passed over. Bonus
    minor units.
    """

    act: str
    amount: int | None  # None: each line of the list has its own
    reason: str
    activates_at: datetime | None = None
    expires_at: datetime | None = None
    partly: bool = False

    def written(self) -> dict[str, Any]:
        """Return it as a run's parameters."""
        times = {name: getattr(self, name) for name in ("activates_at", "expires_at")}
        return asdict(self) | {name: at and at.isoformat() for name, at in times.items()}

    @staticmethod
    def read(said: Mapping[str, Any]) -> Mass:
        """Return what a run's parameters say."""
        values: dict[str, Any] = {
            name: said[name] for name in ("act", "amount", "reason", "partly")
        }
        for name in ("activates_at", "expires_at"):
            values[name] = datetime.fromisoformat(said[name]) if said[name] else None
        return Mass(**values)


def look_up(shop_id: int, keys: Iterable[str]) -> dict[str, int]:
    """Return customers of a shop by "id:77" or "email:gleb@example.org"; the unknown are left out."""
    wanted = set(keys)
    emails = [key.removeprefix("email:") for key in wanted if key.startswith("email:")]
    ids = sorted(wanted - {f"email:{each}" for each in emails})
    rows = sql.rows(_BY_KEY, {"shop": shop_id, "keys": ids, "emails": sorted(emails)})
    return {row.key: row.id for row in rows}


def look_at(
    mass: Mass,
    asked: Mapping[int, int | None],
    *,
    out: Mapping[str, int] | None = None,
    unknown: Sequence[str] = (),
) -> Run:
    """Begin to look at what a mass operation would do. `asked`: customers, with sums of their own or None.

    `out`: how many of the list are out already, by why; `unknown`: some whom the shop does not have.
    Raises DomainError, Conflict while another is under way.
    """
    _check(mass, asked)
    said = mass.written() | {"out": dict(out or {}), "unknown": list(unknown)}
    run = runs.start(MASS, said, "preview", LANE)
    lines = [
        Line(ASKED, member, 0, own if own is not None else mass.amount or 0)
        for member, own in sorted(asked.items())
    ]
    for start in range(0, len(lines), KEPT):
        runs.keep(run.id, lines[start : start + KEPT])
    return run


def _check(mass: Mass, asked: Mapping[int, int | None]) -> None:
    now, wrong = clock.now(), []
    if mass.act not in ACTS:
        wrong.append(FieldError("act", _("Choose one of the answers offered.")))
    if not mass.reason.strip() or len(mass.reason) > REASON:
        wrong.append(FieldError("reason", _("Fill this in.")))
    if mass.amount is None and any(own is None for own in asked.values()):
        wrong.append(FieldError("amount", _("Fill this in, or give each line a sum.")))
    if max([mass.amount or 0, *(own or 0 for own in asked.values())]) > LARGEST:
        wrong.append(FieldError("amount", _("The sum is too large.")))
    if mass.expires_at and mass.expires_at <= (mass.activates_at or now):
        words = _("They would lapse before they can be spent.")
        wrong.append(FieldError("expires_at", words))
    if not asked:
        wrong.append(FieldError("ids", _("None of these is a customer of the shop.")))
    if wrong:
        raise DomainError("invalid", _("Some answers cannot stand."), *wrong)


def apply_mass(run: Run) -> Run:
    """Do what was looked at, in the background. Raises Conflict where it is not time."""
    _may(run, "apply")
    return runs.act(run, "apply")


def undo_mass(run: Run) -> Run:
    """Begin to take back what a run did, by counter entries. Raises Conflict where there is nothing to."""
    done = run.kind == MASS and run.phase == "apply"
    ended = run.standing in {State.DONE, State.STOPPED, State.FAILED}
    if not done or not ended or run_queries.latest(UNDO, run=run.public_id) is not None:
        raise _not_now()
    said = {"of": run.id, "run": run.public_id, "act": run.parameters["act"]}
    return runs.start(UNDO, said, "apply", LANE)


def _may(run: Run, _action: str) -> None:
    """What is being taken back, or was, does not go on."""
    if run.kind == MASS and run_queries.latest(UNDO, run=run.public_id) is not None:
        raise _not_now()


def _not_now() -> Conflict:
    return Conflict("not_now", _("This is not possible any more. Look at it again."))


def reference_of(run_id: str, member_id: int) -> str:
    """Return the business fact of one customer's part of a mass operation."""
    return f"mass:{run_id}:{member_id}"


def _look(run: Run, ids: Sequence[int]) -> Step:
    """Reckon what each would gain, and who is out; nothing is booked."""
    mass, standing, lines = Mass.read(run.parameters), queries.balances(ids), []
    total = short = 0
    for member, wish in _wishes(run, ASKED, ids).items():
        has = standing[member].available
        gain = change(mass.act, wish, has, partly=mass.partly)
        short += gain == 0
        total += gain
        lines.append(Line(IN if gain else OUT, member, has, has + gain))
    sums = {"people": len(ids) - short, "sum": total, "short": short}
    return Step(max(ids), len(ids), sums, lines)


def _apply(run: Run, ids: Sequence[int]) -> Step:
    sql.send(_PLANS, {})
    mass = Mass.read(run.parameters)
    wishes = _wishes(run, ASKED, ids)
    by = {reference_of(run.public_id, member): member for member in wishes}
    if mass.act == GIVE:
        made = grant([_grant(mass, m, wishes[m], r) for r, m in by.items()], quiet=True)
        moved = {by[reference]: wishes[by[reference]] for reference in made}
    else:
        asked = [Deduction(m, wishes[m], r, mass.reason) for r, m in by.items()]
        taken = deduct(asked, partly=mass.partly)
        moved = {by[reference]: -amount for reference, amount in taken.items()}
    lines = [Line(DONE, member, 0, gain) for member, gain in sorted(moved.items())]
    sums = {
        "people": len(moved),
        "sum": sum(moved.values()),
        "passed": len(ids) - len(moved),
    }
    return Step(max(ids), len(ids), sums, lines)


def _grant(mass: Mass, member_id: int, amount: int, reference: str) -> Grant:
    return Grant(
        member_id=member_id,
        amount=amount,
        reference=reference,
        kind="hand",
        activates_at=mass.activates_at,
        expires_at=mass.expires_at,
        reason=mass.reason,
    )


def _undo(run: Run, ids: Sequence[int]) -> Step:
    sql.send(_PLANS, {})
    said = run.parameters
    references = [reference_of(said["run"], member) for member in ids]
    reason = str(_("Taken back"))
    if said["act"] == GIVE:
        lots = {r.reference: r.amount for r in sql.rows(_STANDING, {"references": references})}
        back = {reference: -amount for reference, amount in lots.items() if amount}
        items = [
            TakeBack(reference=f"{r}:undo", lot_reference=r, amount=-a, reason=reason)
            for r, a in back.items()
        ]
        take_back(items, quiet=True)
    else:
        back = give_back_all(references, reason)
    return Step(max(ids), len(ids), {"people": len(back), "sum": sum(back.values())})


def _wishes(run: Run, kind: str, ids: Sequence[int]) -> dict[int, int]:
    values = {"run": run.id, "kind": kind, "ids": list(ids)}
    return {row.subject: row.change for row in sql.rows(_ASKED, values)}


def _source(run: Run) -> tuple[int, str]:
    if run.kind == UNDO:
        return int(run.parameters["of"]), DONE
    return run.id, IN if run.phase == "apply" else ASKED


def _count(run: Run) -> int:
    run_id, kind = _source(run)
    return queries.outcomes(run_id).get(kind, (0, 0))[0]


def _take(run: Run, cursor: int, most: int) -> Sequence[int]:
    return asked_after(*_source(run), cursor, most)


KINDS: dict[str, Kind] = {
    MASS: Kind(_count, _take, _look, _apply, may=_may, together=TOGETHER),
    UNDO: Kind(_count, _take, apply=_undo, together=TOGETHER),
}
