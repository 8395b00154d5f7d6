"""Verbs on long work: start, go on by a batch, stop, resume, pass over what cannot be done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app import clock, sql
from app.errors import Conflict
from app.events.service import acting_as, actor, part_of, record
from app.extensions import db, kick_after_commit
from app.lifecycle import IllegalTransition
from app.runs.models import Run, RunLine
from app.runs.rules import LIFECYCLE, MOST_PROBLEMS, OPEN, Line, State, Step, add
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TOGETHER = 200  # things of one batch
JOB = "work_runs"
LONGEST_PROBLEM = 500


@dataclass(frozen=True)
class Kind:
    """How a kind of long work is done. Things have ids; they come in the order of these.

    `count` says how many things there are; `take` returns the next ids after a cursor; `preview` and
    `apply` do one batch in the caller's transaction and return sums and lines. A preview writes nothing.
    `may` is asked before people take it up again ("resume") or throw it away ("discard"), and raises
    Conflict where that would do harm. `together`: how many things make a batch; `ended` follows from the
    end of a phase, in its transaction.
    """

    count: Callable[[Run], int]
    take: Callable[[Run, int, int], Sequence[int]]
    preview: Callable[[Run, Sequence[int]], Step] | None = None
    apply: Callable[[Run, Sequence[int]], Step] | None = None
    may: Callable[[Run, str], None] = lambda _run, _action: None
    together: int = TOGETHER
    ended: Callable[[Run], None] = lambda _run: None


def start(kind: str, parameters: Mapping[str, Any], action: str, lane: str | None = None) -> Run:
    """Begin long work with its preview, or at once ("apply"). Raises Conflict while its lane is taken."""
    now = clock.now()
    taken = select(Run.id).where(Run.lane == (lane or kind), Run.state.in_(OPEN))
    if db.session.scalar(taken) is not None:
        raise _busy()
    run = Run(
        public_id=public_id("rn"),
        kind=kind,
        lane=lane or kind,
        parameters=dict(parameters),
        asked_by=actor(),
        state=State.DRAFT,
        phase=None,
        sums={},
        applied={},
        problem=None,
        created_at=now,
        changed_at=clock.wall(),
        ended_at=None,
    )
    db.session.add(run)
    db.session.flush()
    return act(run, action)


def act(run: Run, action: str) -> Run:
    """Move a run on: preview, apply, stop; preview and apply also take up what was stopped or failed.

    Raises Conflict for what is not possible now, and while another run of the lane is open.
    """
    db.session.refresh(run, with_for_update=True)
    if action in {"preview", "apply"} and run.standing in {State.STOPPED, State.FAILED}:
        action = run.phase or action
    try:
        target = LIFECYCLE.next(run.standing, action)
    except IllegalTransition as error:
        raise Conflict("not_now", _("This is not possible any more. Look at it again.")) from error
    if target in OPEN:
        _open(run, action)
    try:
        with db.session.begin_nested():
            run.state = target
            run.changed_at = clock.wall()
            db.session.flush()
    except IntegrityError as error:
        raise _busy() from error
    record(f"run.{_WORDS[target]}", f"run:{run.id}", kind=run.kind, run=run.public_id)
    return run


_WORDS = {
    State.PREVIEWING: "started",
    State.APPLYING: "started",
    State.STOPPED: "stopped",
    State.PREVIEWED: "finished",
    State.DONE: "finished",
    State.FAILED: "failed",
}


def _busy() -> Conflict:
    words = _("Work of this kind is under way already. Wait for its end, or stop it.")
    return Conflict("busy", words)


def _open(run: Run, action: str) -> None:
    if run.phase != action:  # a phase begins, and is not taken up again
        run.phase, run.cursor, run.done, run.total = action, 0, 0, 0
    run.problem = run.ended_at = None
    kick_after_commit(JOB)


def resume(run: Run, kinds: Mapping[str, Kind]) -> Run:
    """Take up what was stopped or failed, where it was. Raises Conflict as `act` and its kind do."""
    kinds[run.kind].may(run, "resume")
    return act(run, run.phase or "preview")


def discard(run: Run, kinds: Mapping[str, Kind]) -> None:
    """Forget a preview that was not applied.

    Raises Conflict for what is under way or was applied, and for what others still need.
    """
    db.session.refresh(run, with_for_update=True)
    kinds[run.kind].may(run, "discard")
    if run.standing in OPEN or run.phase == "apply":
        raise Conflict("not_now", _("This is not possible any more. Look at it again."))
    db.session.execute(delete(RunLine).where(RunLine.run_id == run.id))
    db.session.delete(run)


def work(run_id: int, kinds: Mapping[str, Kind], most: int | None = None) -> bool:
    """Do one batch of an open run; False when there is nothing to do, or somebody else does it.

    The batch and the cursor are one transaction: killed anywhere, it was done wholly or not at all.
    """
    run = _held(run_id)
    if run is None:
        return False
    kind = kinds[run.kind]
    with acting_as(run.asked_by), part_of(run.public_id):
        if not run.total:
            run.total = kind.count(run)
        ids = kind.take(run, run.cursor, most or kind.together)
        if not ids:
            _finish(run)
            kind.ended(run)
            return False
        do = kind.preview if run.phase == "preview" else kind.apply
        if do is None:
            msg = f"{run.kind} has no {run.phase}"
            raise LookupError(msg)
        _note(run, do(run, ids))
    return True


def pass_over(run_id: int, kinds: Mapping[str, Kind], problem: str) -> None:
    """Leave out the next thing of a run, which cannot be done, and note it; too many end the run."""
    run = _held(run_id)
    if run is None:
        return
    with acting_as(run.asked_by):
        ids = kinds[run.kind].take(run, run.cursor, 1)
        if ids:
            facts = {"problem": problem[:LONGEST_PROBLEM]}
            line = Line("problem", ids[0], 0, 0, facts)
            _note(run, Step(ids[0], 1, {"problems": 1}, [line]))
        if not ids or _counted(run).get("problems", 0) > MOST_PROBLEMS:
            run.problem = problem[:LONGEST_PROBLEM]
            db.session.flush()
            act(run, "fail")


def give_up(run_id: int, problem: str) -> None:
    """End a run that cannot go on; it may be taken up again."""
    run = _held(run_id)
    if run is not None:
        run.problem = problem[:LONGEST_PROBLEM]
        db.session.flush()
        act(run, "fail")


def _held(run_id: int) -> Run | None:
    query = select(Run).where(Run.id == run_id, Run.state.in_(OPEN))
    held = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return db.session.scalars(held).one_or_none()


def _counted(run: Run) -> dict[str, Any]:
    return run.sums if run.phase == "preview" else run.applied


def _note(run: Run, step: Step) -> None:
    run.cursor = step.cursor
    run.done += step.taken
    if run.phase == "preview":
        run.sums = add(run.sums, step.sums)
    else:
        run.applied = add(run.applied, step.sums)
    run.changed_at = clock.wall()
    keep(run.id, step.lines)
    db.session.flush()


def _finish(run: Run) -> None:
    run.total = run.done
    run.ended_at = clock.now()
    db.session.flush()
    act(run, "finish")


_KEEP = """
INSERT INTO run_line AS l (run_id, kind, subject, before, after, change, facts)
SELECT %(run)s, kind, subject, before, after, after - before, facts
FROM json_to_recordset(%(rows)s)
     AS r(kind text, subject bigint, before bigint, after bigint, facts jsonb)
ON CONFLICT (tenant_id, run_id, kind, subject) DO UPDATE SET
    before = l.before + excluded.before, after = l.after + excluded.after,
    change = l.change + excluded.change, facts = l.facts || excluded.facts
"""


def keep(run_id: int, lines: Sequence[Line]) -> None:
    """Add lines to a run's result; those about one subject add up."""
    found: dict[tuple[str, int], Line] = {}
    for line in lines:
        known = found.get((line.kind, line.subject))
        found[line.kind, line.subject] = (
            line
            if known is None
            else replace(
                known,
                before=known.before + line.before,
                after=known.after + line.after,
                facts={**known.facts, **line.facts},
            )
        )
    rows = [
        {"kind": x.kind, "subject": x.subject, "before": x.before, "after": x.after,
         "facts": dict(x.facts)}
        for _key, x in sorted(found.items())
    ]  # fmt: skip
    if rows:
        sql.send(_KEEP, {"run": run_id, "rows": sql.recordset(rows)})
