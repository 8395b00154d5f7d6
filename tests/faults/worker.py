"""A worker that goes on with one merchant's long work in small parts: python -m tests.faults.worker."""

from __future__ import annotations

import os
import signal
import sys

from app import create_app, jobs
from app.extensions import db
from app.jobs.long_work import KINDS
from app.runs import service as runs
from app.runs.models import Run
from app.runs.rules import OPEN


def main(tenant: int, number: int, most: int, far: int, phase: str = "") -> None:
    """Work until the run is open no more, whoever does it.

    With `far` of 0 or more it kills itself with -9 in the first part that it begins with so many things done,
    in a phase where one is named: the part is written and not committed. Nobody else would come for certain
    before its end.
    """

    def part() -> bool:
        run = db.session.get_one(Run, (tenant, number))
        if run.standing not in OPEN:
            return False
        is_last = 0 <= far <= run.done and phase in {run.phase, ""}
        runs.work(number, KINDS, most)
        db.session.flush()
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    with create_app().app_context():
        while jobs.in_transaction(part, tenant):
            pass


if __name__ == "__main__":
    who, what, together, end = (int(word) for word in sys.argv[1:5])
    main(who, what, together, end, *sys.argv[5:])
