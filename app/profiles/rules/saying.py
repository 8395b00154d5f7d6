"""What rules say of an event besides giving bonuses: how much may be spent, what may be withdrawn. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.profiles.rules.stacking import after_stop, in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.profiles.rules.outcome import Act
    from app.profiles.rules.stacking import Run


def said(runs: Sequence[Run], do: str) -> list[tuple[Run, Act]]:
    """Return the effects `do` of the rules that are met, the strongest rule first.

    A rule with `stop` silences all weaker ones; the strongest exclusive rule that says such a thing
    speaks alone. All that are returned hold together.
    """
    matched = [run for run in in_order(runs) if run.evaluation.matched]
    stopped = after_stop(matched)
    found = [
        (run, act)
        for run in matched
        if run.rule_id not in stopped
        for act in run.evaluation.acts
        if act.do == do
    ]
    alone = next((run for run, _act in found if run.rule.stacking.mode == "exclusive"), None)
    return [(run, act) for run, act in found if alone is None or run.rule_id == alone.rule_id]
