"""A worker that goes on with one merchant's feed in small parts, to be killed: python -m tests.faults.feeding."""

from __future__ import annotations

import sys

from app import create_app, jobs
from app.extensions import db
from app.feeds.service import KINDS
from app.runs import service as runs
from app.runs.models import Run
from app.runs.rules import OPEN


def main(tenant: int, number: int, most: int) -> None:
    """Work until the run is open no more, whoever does it."""
    app = create_app()
    with app.app_context():
        while jobs.in_transaction(lambda: _is_open(tenant, number), tenant):
            jobs.in_transaction(lambda: runs.work(number, KINDS, most), tenant)


def _is_open(tenant: int, number: int) -> bool:
    return db.session.get_one(Run, (tenant, number)).standing in OPEN


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
