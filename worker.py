"""The worker: `python worker.py` runs jobs and the schedule; `--role worker` or `cron` one of them.

In production run any number of `--role worker`, which forks a process for each job, and exactly one
`--role cron`. `all` (the default) does both in one process, and does without Redis.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from threading import Event, Timer
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import SimpleWorker, Worker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from app import create_app, schedule
from app.config import Config, ConfigError
from app.extensions import db

if TYPE_CHECKING:
    from types import FrameType

    from rq.job import Job
    from rq.queue import Queue


log = logging.getLogger("worker")

PATIENCE = 3.0  # seconds that a running job has when the worker is asked to end
AGAIN = 1.0  # seconds before Redis is asked anew


class Stopping:
    """A worker that ends at once when idle, within PATIENCE when busy, and outlives Redis."""

    max_connection_wait_time = AGAIN
    _stop_requested: bool
    kill_horse: Any

    def _install_signal_handlers(self) -> None:
        signal.signal(signal.SIGTERM, self.request_stop)
        signal.signal(signal.SIGINT, self.request_stop)
        if STOP.is_set():  # asked between the loop's look and this line
            raise StopRequested

    def request_stop(self, _signum: int, _frame: FrameType | None) -> None:
        """End: jobs are transactions with leases, so one that is cut is done again by the sweep."""
        STOP.set()
        if self.get_state() != WorkerStatus.BUSY:  # type: ignore[attr-defined]
            raise StopRequested
        self._stop_requested = True
        cut = Timer(PATIENCE, self._cut)
        cut.daemon = True
        cut.start()

    def _cut(self) -> None:
        if getattr(self, "horse_pid", 0):
            self.kill_horse()
        os._exit(0)


class OneProcess(Stopping, SimpleWorker):
    """Runs jobs in this process, beside the schedule's threads."""


class Forking(Stopping, Worker):
    """Forks a process for each job: a job that dies takes nothing with it."""

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Leave the parent's database connections to the parent."""
        db.engine.dispose(close=False)
        super().main_work_horse(job, queue)


STOP = Event()


def main(arguments: list[str]) -> int:
    """Run until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--role", choices=("all", "worker", "cron"), default="all")
    wanted = parser.parse_args(arguments).role
    try:
        config = Config.from_env(os.environ)
        _check(config, wanted)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    app, redis_url = create_app(config), config.redis_url
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    threads = [] if wanted == "worker" else schedule.start(app, STOP)
    if redis_url and wanted != "cron":
        with app.app_context():
            _work(OneProcess if wanted == "all" else Forking, redis_url)
    STOP.wait()
    for thread in threads:
        thread.join(PATIENCE / len(threads))
    return 0


def _check(config: Config, role: str) -> None:
    if not config.database_url:
        raise ConfigError("DATABASE_URL must be set.")
    if role == "worker" and not config.redis_url:
        raise ConfigError("REDIS_URL must be set for --role worker.")


def _stop(_signum: int, _frame: FrameType | None) -> None:
    STOP.set()


def _work(kind: type[OneProcess | Forking], redis_url: str) -> None:
    """Run jobs; begin anew when Redis was away for longer than RQ itself bears."""
    while not STOP.is_set():
        try:
            connection = Redis.from_url(
                redis_url, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
            )
            worker = kind(["default"], connection=connection, serializer=JSONSerializer)
            worker.work(logging_level="WARNING")
        except StopRequested:
            return
        except RedisError as error:
            log.warning("Redis is away: %s", error)
        STOP.wait(AGAIN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
