"""What runs when: one table of times and functions, and the threads that keep it.

It runs in exactly one process. Each entry has a thread of its own, so that a slow mail server does
not hold up commissions; entries are idempotent, so a second such process by mistake does no harm.
Nothing here needs Redis.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING

from app import clock, jobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.application import App

log = logging.getLogger(__name__)

MOMENT, MINUTE, DAY = timedelta(seconds=15), timedelta(minutes=1), timedelta(days=1)
HOUR = timedelta(hours=1)
_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """Run `job` at the start, and then at every whole multiple of `every`, moved by `at`."""

    job: Callable[[], None]
    every: timedelta
    at: timedelta = timedelta(0)

    def next_after(self, moment: datetime) -> datetime:
        """Return the first time of this entry after a moment."""
        since = moment - _START - self.at
        return _START + self.at + self.every * (since // self.every + 1)


TABLE = (
    Entry(jobs.sweep, MOMENT),
    Entry(jobs.go_on_mailings, MOMENT, timedelta(seconds=11)),
    Entry(jobs.send_invitations, MOMENT, timedelta(seconds=13)),
    Entry(jobs.digest, MINUTE, timedelta(seconds=40)),
    Entry(jobs.ask_bots, MOMENT, timedelta(seconds=7)),
    Entry(jobs.drain_inbox, MOMENT, timedelta(seconds=5)),
    Entry(jobs.mature, MINUTE, timedelta(seconds=30)),
    Entry(jobs.keep_bonuses, MINUTE, timedelta(seconds=25)),
    Entry(jobs.warn_of_lapse, HOUR, timedelta(minutes=12)),
    Entry(jobs.convert_money, 5 * MINUTE, timedelta(seconds=33)),
    Entry(jobs.settle, MINUTE, timedelta(seconds=35)),
    Entry(jobs.keep_calls, MOMENT, timedelta(seconds=9)),
    Entry(jobs.keep_tariffs, HOUR, timedelta(minutes=8)),
    Entry(jobs.sound_alarms, HOUR, timedelta(minutes=7)),
    Entry(jobs.sweep_runs, MOMENT, timedelta(seconds=10)),
    Entry(jobs.refresh_networks, MINUTE, timedelta(seconds=10)),
    Entry(jobs.refresh_statistics, MOMENT, timedelta(seconds=12)),
    Entry(jobs.rehang, MINUTE, timedelta(seconds=20)),
    Entry(jobs.grade, MINUTE, timedelta(seconds=50)),
    Entry(jobs.rank, MINUTE, timedelta(seconds=53)),
    Entry(jobs.convert, 5 * MINUTE, timedelta(seconds=40)),
    Entry(jobs.send_postbacks, MOMENT, timedelta(seconds=8)),
    Entry(jobs.send_webhooks, MOMENT, timedelta(seconds=6)),
    Entry(jobs.run_errands, MOMENT, timedelta(seconds=4)),
    Entry(jobs.fetch_feeds, MINUTE, timedelta(seconds=18)),
    Entry(jobs.keep_carts, MINUTE, timedelta(seconds=15)),
    Entry(jobs.sweep_shops, MINUTE, timedelta(seconds=45)),
    Entry(jobs.check_sites, MINUTE, timedelta(seconds=40)),
    Entry(jobs.pay_runs, 5 * MINUTE, timedelta(seconds=55)),
    Entry(jobs.watch_sites, 5 * MINUTE, timedelta(seconds=20)),
    Entry(jobs.birthdays, HOUR, timedelta(minutes=3)),
    Entry(jobs.ask_after, DAY, timedelta(hours=7)),
    Entry(jobs.remind, HOUR, timedelta(minutes=5)),
    Entry(jobs.partitions, DAY, timedelta(hours=2)),
    Entry(jobs.verify_statistics, DAY, timedelta(hours=4)),
    Entry(jobs.check_ranks, DAY, timedelta(hours=4, minutes=30)),
    Entry(jobs.snapshots, DAY, timedelta(hours=1)),
    Entry(jobs.seal_books, HOUR, timedelta(minutes=10)),
    Entry(jobs.check_books, DAY, timedelta(hours=1, minutes=30)),
    Entry(jobs.prune, DAY, timedelta(hours=3)),
)


def start(app: App, stop: Event) -> list[Thread]:
    """Start a thread for each entry; they end when `stop` is set, or with the process."""
    threads = [
        Thread(target=_keep, args=(app, entry, stop), name=entry.job.__name__, daemon=True)
        for entry in TABLE
    ]
    for thread in threads:
        thread.start()
    return threads


def _keep(app: App, entry: Entry, stop: Event) -> None:
    while not stop.is_set():
        with app.app_context():
            _run(entry.job)
        now = clock.wall()
        stop.wait((entry.next_after(now) - now).total_seconds())


def _run(job: Callable[[], None]) -> None:
    try:
        job()
    except Exception:
        # The worker's edge: the database may be away for a while; the next time comes.
        log.exception("%s failed, and will be tried again", job.__name__)
