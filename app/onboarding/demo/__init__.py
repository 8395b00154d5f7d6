"""The demo: two merchants with ninety days behind them, made through the real services at moved time.

The logins are there first; visits and sales follow, and may be cut off at any moment: the next call
goes on with the visits where they ended, and a merchant's sales are there as a whole or not at all.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app.extensions import db
from app.installation import settings
from app.onboarding.demo import history, opening, visits
from app.onboarding.demo.cast import PLAYS
from app.proofs import service as proofs
from app.statistics import service as statistics
from app.tenancy import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from app.onboarding.demo.cast import Play


class Unfit(Exception):
    """The demo cannot be made here; the message is one sentence for whoever asked."""


def seed(target: Path, plays: Sequence[Play] = PLAYS) -> Iterator[str]:
    """Make what is missing of the demo, commit it, and yield a line about each part that is done.

    `target` gets the logins as JSON, under another name first. When it is there and the demo too,
    the logins stay. Raises Unfit in production, and where the demo's addresses are somebody's.
    """
    if settings().production:
        raise Unfit("The demo has logins that everybody may know: it is not for production.")
    try:
        founded = all(opening.find(play) is not None for play in plays)
        if not founded:
            opening.open_accounts(plays)
        if not founded or not target.exists():
            told = opening.logins(plays[0], settings().public_url)
            db.session.commit()
            _write(target, json.dumps(told, indent=2))
        yield "logins"
        for play in plays:
            yield from _fill(opening.staged(play))
    except opening.Taken as slug:
        message = f"A merchant of your own has the address {slug}: the demo needs it for itself."
        raise Unfit(message) from slug
    finally:
        db.session.rollback()


def _fill(stage: opening.Stage) -> Iterator[str]:
    if history.is_played(stage):
        return
    visits.make_partitions(stage.tenant.created_at)
    db.session.commit()
    yield f"{stage.play.slug}: {visits.happen(stage)} visits"
    with tenant_scope(stage.tenant.id):
        statistics.verify()  # the worker may have counted those days before they had happened
        db.session.commit()
    steps = history.play(stage)
    db.session.commit()
    with tenant_scope(stage.tenant.id):
        while proofs.seal():
            db.session.commit()
    yield f"{stage.play.slug}: {steps} steps"


def _write(target: Path, text: str) -> None:
    """Let the file appear whole, or not at all; it holds passwords, so it is the owner's alone."""
    new = target.with_name(f"{target.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(text + "\n")
    new.replace(target)
