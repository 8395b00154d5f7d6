"""A shop's whole catalogue: workers killed with -9 while they look at it and while they load it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from app.extensions import db
from app.feeds import queries, service
from app.runs import service as runs
from app.runs.models import Run
from app.runs.rules import OPEN
from tests.faults.workers import ended, workers
from tests.feeds.setting import catalogue, new_feed, offer, state
from tests.harness import invariants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from app.application import App
    from tests.faults.workers import Start
    from tests.world import Merchant

PART = 20  # bytes of a look, rows of a load
FIRST = catalogue(*(offer(f"p{n}", f"Lamp {n}", n + 1, purchase_price=n) for n in range(120)))
# A third changed, a quarter gone, some new, two twice.
SECOND = catalogue(
    *(
        offer(
            f"p{n}",
            f"Lamp {n}",
            n + 1 + n % 3,
            oldprice=n + 9 if n % 5 == 0 else "",
            purchase_price=n + n % 2,
        )
        for n in range(30, 140)
    ),
    offer("p50", "Twice"),
    offer("p51", "Twice"),
    shelves=[("lamps", "All lamps", ""), ("new", "New", "lamps"), ("desk", "Desk lamps", "new")],
)


@pytest.fixture
def start(environ: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start workers on one run; they end with the test."""
    with workers(PART, environ, tmp_path) as begin:
        yield begin


class Shelf:
    """One merchant's catalogue, each step committed."""

    def __init__(self, app: App, merchant: Merchant) -> None:
        self.app, self.merchant = app, merchant
        self.feed = self.do(lambda: new_feed(merchant.shop_id).public_id)

    def do(self, act: Callable[[], Any]) -> Any:
        with self.app.app_context(), self.merchant.scope():
            found = act()
            db.session.commit()
            return found

    def take(self, data: bytes) -> int:
        """Take a file in; returns its run."""

        def act() -> int | None:
            feed = queries.find(self.feed)
            assert feed is not None
            load = service.take(feed, io.BytesIO(data), "f.yml", at_once=True)
            return load.run_id if load else None

        return int(self.do(act))

    def stands(self, number: int) -> tuple[str | None, int, bool]:
        """Return a run's phase, how far it is, and whether it is open."""

        def act() -> tuple[str | None, int, bool]:
            run = db.session.get_one(Run, (self.merchant.id, number))
            return run.phase, run.done, run.standing in OPEN

        found: tuple[str | None, int, bool] = self.do(act)
        return found

    def finish(self, number: int) -> None:
        """Let it come to its end in this process."""
        while self.stands(number)[2]:
            self.do(lambda: runs.work(number, service.KINDS))

    def sound(self) -> dict[str, Any]:
        def act() -> dict[str, Any]:
            assert invariants.broken() == []
            return state()

        told: dict[str, Any] = self.do(act)
        return told


def test_a_feed_killed_half_way_ends_as_one_that_was_not(
    app: App, lampa: Merchant, kniga: Merchant, start: Start
) -> None:
    killed, whole = Shelf(app, lampa), Shelf(app, kniga)
    for data in (FIRST, SECOND):
        whole.finish(whole.take(data))
        number = killed.take(data)
        for phase, far in (("preview", 5_000), ("apply", 40)):
            ended(start(lampa.id, number, far=far, phase=phase), killed=True)
            now, done, is_open = killed.stands(number)
            assert (now, is_open) == (phase, True)
            assert done >= far
        killed.finish(number)
        assert killed.sound() == whole.sound()
    told = killed.sound()
    assert len([key for key in told if key.startswith("product ") and key.count(" ") == 1]) == 140
    number = killed.take(SECOND)
    killed.finish(number)
    done = killed.do(lambda: db.session.get_one(Run, (lampa.id, number)).applied)
    assert not any(done.values())
    assert killed.sound() == told, "said again it changes nothing"
