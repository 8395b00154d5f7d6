"""`flask check`: the operator asks whether the books are sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import jobs
from app.extensions import db
from app.ledger import checks

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, scoped_session

    from app.application import App


def test_sound_books_end_the_command_well(app: App) -> None:
    result = app.test_cli_runner().invoke(args=["check"])
    assert result.exit_code == 0
    assert result.output == f"{len(checks.CHECKS)} invariants hold.\n"


def test_what_does_not_hold_is_told(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(checks.CHECKS, "one is two", "SELECT 7, 'one'")
    result = app.test_cli_runner().invoke(args=["check"])
    assert result.exit_code == 1
    assert "one is two: (7, 'one')" in result.output


@pytest.mark.parametrize("option", [[], ["--anew"]])
def test_snapshots_are_taken_for_every_merchant(app: App, option: list[str]) -> None:
    result = app.test_cli_runner().invoke(args=["snapshots", *option])
    assert result.exit_code == 0, result.output


def test_the_worker_takes_them_too(app: App) -> None:
    with app.app_context():
        jobs.snapshots()
        assert checks.broken() == []


@pytest.mark.parametrize("name", checks.CHECKS)
def test_each_query_runs_over_all_merchants(db_session: scoped_session[Session], name: str) -> None:
    rows = db_session.connection().exec_driver_sql(checks.CHECKS[name].replace("%", "%%"))
    assert rows.fetchall() == []
    assert db.session is db_session
