from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

import worker
from app import jobs, schedule
from app.schedule import TABLE, Entry

if TYPE_CHECKING:
    from app.application import App

WAIT = 60.0


@pytest.mark.parametrize(
    ("every", "at", "now", "expected"),
    [
        (timedelta(minutes=1), timedelta(0), "12:00:00", "12:01:00"),
        (timedelta(minutes=1), timedelta(0), "12:00:59", "12:01:00"),
        (timedelta(minutes=1), timedelta(seconds=30), "12:00:29", "12:00:30"),
        (timedelta(minutes=1), timedelta(seconds=30), "12:00:30", "12:01:30"),
        (timedelta(days=1), timedelta(hours=13), "12:00:00", "13:00:00"),
    ],
)
def test_times_are_whole_multiples_so_a_restart_moves_none(
    every: timedelta, at: timedelta, now: str, expected: str
) -> None:
    def on_that_day(text: str) -> datetime:
        return datetime.fromisoformat(f"2026-11-22T{text}").replace(tzinfo=UTC)

    assert Entry(jobs.sweep, every, at).next_after(on_that_day(now)) == on_that_day(expected)


def test_what_must_not_wait_runs_every_minute_at_least() -> None:
    often = {entry.job for entry in TABLE if entry.every <= timedelta(minutes=1)}
    assert often == {
        *(jobs.sweep, jobs.drain_inbox, jobs.mature, jobs.sweep_runs),
        *(jobs.refresh_networks, jobs.refresh_statistics, jobs.rehang, jobs.grade),
        *(jobs.go_on_mailings, jobs.send_invitations, jobs.digest, jobs.ask_bots),
        *(jobs.check_sites, jobs.send_postbacks, jobs.settle, jobs.keep_bonuses, jobs.keep_calls),
        *(jobs.send_webhooks, jobs.run_errands, jobs.sweep_shops, jobs.rank, jobs.fetch_feeds),
        jobs.keep_carts,
    }


def test_a_job_that_fails_is_tried_again_and_stops_no_other(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, stop = [], threading.Event()
    done = threading.Barrier(2, timeout=WAIT)

    def bad() -> None:
        runs.append("bad")
        if len(runs) > 2:
            stop.set()
            done.wait()
        raise ZeroDivisionError

    monkeypatch.setattr(schedule, "TABLE", (Entry(bad, timedelta(milliseconds=20)),))
    (thread,) = schedule.start(app, stop)
    done.wait()
    thread.join(WAIT)
    assert not thread.is_alive()
    assert runs == ["bad"] * 3


@pytest.mark.parametrize(
    ("arguments", "given", "told"),
    [
        ([], {}, "DATABASE_URL must be set."),
        (["--role", "worker"], {"DATABASE_URL": "postgresql://x@127.0.0.1/x"}, "REDIS_URL must"),
        ([], {"APP_ENV": "holiday"}, "APP_ENV is 'holiday'"),
    ],
)
def test_a_worker_that_cannot_start_says_why_in_one_sentence(
    arguments: list[str],
    given: dict[str, str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "APP_ENV"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert worker.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(told)
    assert said.count("\n") == 1
