"""P11: a day's lapse among many live lots, in batches of set statements, beside one lot at a time."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import func, select, text

from app import clock
from app.bonuses import queries, service
from app.bonuses.models import Lot, LotPart
from app.bonuses.rules import BONUS, Grant
from app.extensions import db
from app.jobs.bonuses import FOUND, TOGETHER
from app.ledger.checks import broken
from app.ledger.models import Balance, Transfer
from app.ledger.rules import BONUSES, bonus
from app.members.models import Member
from bench.trial import Trial, Work

if TYPE_CHECKING:
    from datetime import datetime

    from bench.stage import Stage

SIZES = {"small": 100_000, "full": 1_000_000}
FEW = 20_000  # lots of the yardstick
EACH = 10  # lots of a customer
DAYS = 20  # over which the lots lapse, so each day a twentieth does
AMOUNT = 1_000
BATCH = 5_000

_MEMBERS = """
INSERT INTO member (shop_id, key, name, created_at)
SELECT :shop, 'id:bench-' || n, 'Customer ' || n, :now FROM generate_series(1, :number) AS g(n)
"""


def expiry(stage: Stage) -> list[Trial]:
    """Return the one trial."""
    many = Lots(stage, "Many", SIZES["full" if stage.scale == "full" else "small"])
    few = Lots(stage, "Few", FEW, later=timedelta(days=365))
    return [
        Trial("P11", f"a day's expiry of {many.number:,} lots : row at a time", "lot", 40.0, many.run,
              few.one_by_one, "one lot at a time through the ORM, a transaction each", truth=many.wrong)
    ]  # fmt: skip


class Lots:
    """A merchant whose customers have lots; on each of the coming days a part of them lapses."""

    def __init__(
        self, stage: Stage, name: str, number: int, later: timedelta = timedelta(0)
    ) -> None:
        """Make it, by the product's own grants."""
        self.stage, self.number, self.day, self.later = stage, number, 0, later
        with stage.app.app_context():
            made = stage.merchant(name)
            self.tenant = made.tenant.id
            with stage.scope(self.tenant):
                self.start = clock.now()
                values = {"shop": made.shop.id, "now": self.start, "number": number // EACH}
                db.session.execute(text(_MEMBERS), values)
                members = db.session.scalars(select(Member.id).order_by(Member.id)).all()
            db.session.commit()
            began = time.monotonic()
            for first in range(0, number, BATCH):
                with stage.scope(self.tenant):
                    service.grant(
                        [self._grant(n, members) for n in range(first, first + BATCH)], quiet=True
                    )
                    db.session.commit()
            took = time.monotonic() - began
        print(f"  {number:,} lots granted in {took:.0f} s", flush=True)

    def _grant(self, n: int, members: object) -> Grant:
        return Grant(
            member_id=members[n // EACH],  # type: ignore[index]
            amount=AMOUNT,
            reference=f"bench:{n}",
            kind="hand",
            expires_at=self.start + timedelta(days=1 + n % DAYS) + self.later,
        )

    def _next_day(self) -> datetime:
        self.day += 1
        if self.day > DAYS:
            raise RuntimeError("fewer rounds, please: all lots have lapsed")
        return self.start + timedelta(days=self.day, hours=1)

    def run(self, _seconds: float) -> Work:
        """Let one day's lots lapse as the minute's job does."""
        day = self._next_day()
        self._analyse()
        with self.stage.app.app_context(), self.stage.measured() as spent, clock.moved_to(day):
            began, cpu, done = time.monotonic(), time.process_time(), 0
            while found := [lot for _tenant, lot, _offset in queries.due("lapse", FOUND)]:
                db.session.rollback()
                for first in range(0, len(found), TOGETHER):
                    with self.stage.scope(self.tenant):
                        done += service.lapse(found[first : first + TOGETHER])
                        db.session.commit()
            db.session.rollback()
            took, own = time.monotonic() - began, time.process_time() - cpu
        return Work(done, took, own + spent.seconds)

    def _analyse(self) -> None:
        url = self.stage.environ["DATABASE_OWNER_URL"].replace("+psycopg", "", 1)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE lot")

    def one_by_one(self, seconds: float) -> Work:
        """Let one lot after another lapse, an object a row."""
        with self.stage.app.app_context(), self.stage.measured() as spent:
            began, cpu, done = time.monotonic(), time.process_time(), 0
            while time.monotonic() - began < seconds:
                with self.stage.scope(self.tenant):
                    _lapse_one()
                    db.session.commit()
                done += 1
            took, own = time.monotonic() - began, time.process_time() - cpu
        return Work(done, took, own + spent.seconds)

    def wrong(self) -> str | None:
        """Say what does not hold: of each day that came all lots have lapsed, and the books are sound."""
        with self.stage.app.app_context():
            with self.stage.scope(self.tenant):
                left = db.session.scalar(select(func.sum(Lot.remaining)))
            expected = AMOUNT * self.number * (DAYS - self.day) // DAYS
            if left != expected:
                return f"{left} remains instead of {expected}"
            unsound = broken()
        return str(unsound[0]) if unsound else None


def _lapse_one() -> None:
    lot = db.session.scalars(select(Lot).where(Lot.remaining > 0).order_by(Lot.id).limit(1)).one()
    purse = db.session.get(Balance, (lot.tenant_id, bonus(lot.member_id), BONUS))
    if purse is None:
        raise LookupError("no account")
    reference, now = f"bonus:lapse:{lot.id}:1", clock.now()
    moved = {"source": bonus(lot.member_id), "target": BONUSES, "currency": BONUS, "at": now}
    db.session.add(
        Transfer(reference=reference, n=1, amount=lot.remaining, kind="bonus.lapse", **moved)
    )
    db.session.add(
        LotPart(
            reference=reference,
            member_id=lot.member_id,
            lot_id=lot.id,
            kind="lapse",
            amount=lot.remaining,
            actor="system",
            at=now,
        )
    )
    purse.balance -= lot.remaining
    lot.lapsed, lot.lapses, lot.remaining = lot.remaining, 1, 0
