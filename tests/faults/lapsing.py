"""A worker that lets lots of one merchant lapse, two days on, in batches of a size: to be killed."""

from __future__ import annotations

import sys
from datetime import timedelta

from app import clock, create_app
from app.bonuses import queries, service
from app.extensions import db
from app.jobs.work import batched, in_transaction


def main(tenant: int, size: int) -> None:
    """Work until nothing of the merchant is due."""
    with create_app().app_context(), clock.moved_to(clock.now() + timedelta(days=2)):
        while True:
            found = [lot for owner, lot, _o in queries.due("lapse", 100_000) if owner == tenant]
            db.session.rollback()
            if not found:
                return
            for batch in batched(found, size):
                in_transaction(lambda ids=batch: service.lapse(ids), tenant)  # type: ignore[misc]


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
