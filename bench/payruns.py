"""PR: a pay run of many partners in batches of set statements, beside the same payouts one by one."""

from __future__ import annotations

import time
from itertools import cycle
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import func, select, text

from app import clock
from app.crypto import seal
from app.events.service import acting_as
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.checks import broken
from app.ledger.rules import COMMISSIONS, Move, available
from app.ledger.service import Posting
from app.partners.models import Partner
from app.payouts import service as payouts
from app.payouts.models import Payout
from app.payruns import queries, service
from app.payruns.rules import Pays
from app.requisites.rules import BankAccount, Kept, Payee
from app.runs import service as runs
from bench.trial import Trial, Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.stage import Stage

SIZES = {"small": 20_000, "full": 100_000}
FEW = 500  # partners of the yardstick, paid again and again
BATCH = 5_000
AMOUNT = 1_000  # minor units, for each partner and run
DESK, OTHER = "person:1", "person:2"
ZONE = "Europe/Moscow"

_PARTNERS = """
INSERT INTO partner (public_id, refcode, name, search, status, locale, created_at, details, details_for,
                     details_usable_at)
SELECT 'pa_' || lpad(n::text, 16, '0'), 'bench-' || n, 'Partner ' || n, 'partner ' || n, 'active', 'en',
       :now, :details, '{bank}', :now
FROM generate_series(1, :number) AS g(n)
"""


def payruns(stage: Stage) -> list[Trial]:
    """Return the one trial."""
    many = Shop(stage, "Many", SIZES["full" if stage.scale == "full" else "small"])
    few = Shop(stage, "Few", FEW)
    few.earn(10**6)
    return [
        Trial("PR", f"pay run of {many.number:,} : row at a time", "payout", 40.0, many.run, few.one_by_one,
              "request, approval and payment of one payout at a time, a transaction each",
              truth=many.wrong)
    ]  # fmt: skip


class Shop:
    """A merchant with partners who have payment details."""

    def __init__(self, stage: Stage, name: str, number: int) -> None:
        """Make it; nobody has earned yet."""
        self.stage, self.number = stage, number
        with stage.app.app_context():
            self.tenant = stage.merchant(name).tenant.id
            with stage.scope(self.tenant):
                ways = {"bank": BankAccount("044525225", "40817810899910004312", "Sberbank")}
                details = seal(Kept(Payee("Partner"), ways).to_json())
                values = {"now": clock.now(), "details": details, "number": number}
                db.session.execute(text(_PARTNERS), values)
                ids = select(Partner.id).order_by(Partner.id)
                self.ids: Sequence[int] = db.session.scalars(ids).all()
            db.session.commit()
        self.turns = cycle(self.ids)
        self.runs = 0

    def earn(self, amount: int) -> None:
        """Let every partner have earned so much more."""
        with self.stage.app.app_context(), self.stage.scope(self.tenant):
            for start in range(0, self.number, BATCH):
                ids = self.ids[start : start + BATCH]
                payouts.hold(ids, "RUB")
                postings = [
                    Posting(
                        f"bench:{self.runs}:{number}",
                        [Move(COMMISSIONS, available(number), amount, "accrual", partner=number)],
                    )
                    for number in ids
                ]
                ledger.send_all(postings, "RUB").check()
                db.session.commit()
        self.runs += 1

    def run(self, _seconds: float) -> Work:
        """Pay everybody by one run: looked at, reserved, approved and paid, each batch committed."""
        self.earn(AMOUNT)
        self._analyse()
        with self.stage.app.app_context(), self.stage.measured() as spent:
            began, cpu = time.monotonic(), time.process_time()
            with self.stage.scope(self.tenant), acting_as(DESK):
                made = service.make(Pays.AVAILABLE, clock.today(ZONE)).id
                db.session.commit()
            told = [f"looked {self._work(made):.1f} s"]
            for verb in (service.prepare, service.approve, service.pay):
                with self.stage.scope(self.tenant), acting_as(OTHER):
                    verb(queries.by_id(made))
                    db.session.commit()
                told.append(f"{verb.__name__} {self._work(made):.1f} s")
            took, own = time.monotonic() - began, time.process_time() - cpu
        print(f"  {self.number:,} partners: {', '.join(told)}", flush=True)
        return Work(self.number, took, own + spent.seconds)

    def _analyse(self) -> None:
        """Let the planner know the tables, as a server that has run for a day knows them."""
        url = self.stage.environ["DATABASE_OWNER_URL"].replace("+psycopg", "", 1)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")

    def _work(self, made: int) -> float:
        """Do the long work of the run as the worker does; return how long it took."""
        began, more = time.monotonic(), True
        while more:
            with self.stage.scope(self.tenant):
                number = queries.by_id(made).work_id
                if number is None:
                    raise RuntimeError("no work")
                more = runs.work(number, service.KINDS)
                db.session.commit()
        return time.monotonic() - began

    def one_by_one(self, seconds: float) -> Work:
        """Pay one partner after another, as a person at the desk would."""
        with self.stage.app.app_context(), self.stage.measured() as spent:
            began, cpu, done = time.monotonic(), time.process_time(), 0
            while time.monotonic() - began < seconds:
                with self.stage.scope(self.tenant):
                    payout = payouts.request_for(next(self.turns), 100, "bank", DESK)
                    number = payout.id
                    db.session.commit()
                    payouts.approve(number, OTHER)
                    db.session.commit()
                    payouts.pay(number, OTHER)
                    db.session.commit()
                done += 1
            took, own = time.monotonic() - began, time.process_time() - cpu
        return Work(done, took, own + spent.seconds)

    def wrong(self) -> str | None:
        """Say what does not hold: everybody paid once a run, and the books are sound."""
        with self.stage.app.app_context():
            with self.stage.scope(self.tenant):
                states = select(Payout.state, func.count()).group_by(Payout.state)
                found = dict(db.session.execute(states).tuples().all())
            if found != {"paid": self.number * self.runs}:
                return f"{self.runs} runs of {self.number}, and payouts {found}"
            unsound = broken()
        return str(unsound[0]) if unsound else None
