"""P12: a network brought along from another system with all its checks, beside a bare COPY of the same file."""

from __future__ import annotations

import csv
import io
import time
from typing import TYPE_CHECKING

import psycopg

from app.events.service import acting_as
from app.extensions import db
from app.imports import queries, service
from app.imports.service import KINDS
from app.ledger.checks import broken
from app.runs import service as runs
from bench.trial import Trial, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.imports.models import ImportFile
    from bench.stage import Stage

SIZES = {"small": 100_000, "full": 1_000_000}
STRANGE = 1_000  # of so many rows one stands in a circle and one has a sponsor who is nowhere
DESK = "person:1"
_BARE = """
DROP TABLE IF EXISTS bare_network;
CREATE TABLE bare_network (id bigint, name text, email text, code text, sponsor text)
"""
_HERE = """
SELECT count(*), count(sponsor_id),
       (SELECT count(*) FROM code c WHERE c.tenant_id = p.tenant_id),
       (SELECT count(*) FROM sponsor_edge e WHERE e.tenant_id = p.tenant_id AND e.sponsor_id IS NOT NULL)
FROM partner p WHERE tenant_id = %s GROUP BY tenant_id
"""


def _read(data: bytes) -> int:
    """Take the file in as its columns are guessed; most of it is read in the background."""
    file = service.take(io.BytesIO(data), "network.csv", "other", "partner")
    reading = queries.reading_of(file)
    if reading is None:
        raise RuntimeError("nothing is left to be read")
    return reading.id


def _look(_data: bytes) -> int:
    """Begin to look at every row."""
    file = _file()
    service.choose(file, file.mapping, file.options)
    return service.look(file).id


def _bring(_data: bytes) -> int:
    """Begin to do what was looked at."""
    run = queries.run_of(_file())
    if run is None:
        raise RuntimeError("not looked at")
    return service.apply(run).id


def _file() -> ImportFile:
    file: ImportFile = db.session.scalars(queries.listed()).one()
    return file


STEPS: tuple[tuple[str, Callable[[bytes], int]], ...] = (
    ("read", _read),
    ("looked", _look),
    ("brought", _bring),
)


def imports(stage: Stage) -> list[Trial]:
    """Return the one trial."""
    moving = Moving(stage, SIZES["full" if stage.scale == "full" else "small"])
    return [
        Trial("P12", f"import of {moving.number:,} nodes with checks : bare COPY", "node", 1 / 40,
              moving.run, moving.copy, "COPY of the same file into a table without index and policy",
              truth=moving.wrong)
    ]  # fmt: skip


class Moving:
    """A network in a file, brought to a merchant of its own each time."""

    def __init__(self, stage: Stage, number: int) -> None:
        """Write the file: sponsors stand behind those whom they brought, as in no friendly export."""
        self.stage, self.number = stage, number
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(("id", "name", "email", "code", "sponsor"))
        self.circles = self.orphans = self.tops = 0
        for n in range(1, number + 1):
            rows.writerow((n, f"Partner {n}", f"p{n}@example.org", f"code{n}", self._sponsor(n)))
        self.file = text.getvalue().encode()
        self.made: list[int] = []

    def _sponsor(self, n: int) -> object:
        """Return who brought whom: ten under each, the last ones first; some circles, some orphans."""
        if n % STRANGE == 1 and n < self.number:  # this one and the next brought each other
            self.circles += 2
            return n + 1
        if n % STRANGE == 2:
            return n - 1
        if n % STRANGE == 3:
            self.orphans += 1
            return f"lost-{n}"
        above = self.number - (self.number - n - 1) // 10
        if above <= n or above > self.number:
            self.tops += 1
            return ""
        return above + 7 if above % STRANGE in {1, 2} else above

    def run(self, _seconds: float) -> Work:
        """Take the file in, look at every row, bring everybody in: as the worker does, batch by batch."""
        with self.stage.app.app_context():
            tenant = self.stage.merchant("Moving").tenant.id
            db.session.commit()
            with self.stage.measured() as spent:
                began, cpu = time.monotonic(), time.process_time()
                told = [f"{name} {self._timed(tenant, step):.1f} s" for name, step in STEPS]
                took, own = time.monotonic() - began, time.process_time() - cpu
        self.made.append(tenant)
        print(f"  {self.number:,} nodes: {', '.join(told)}", flush=True)
        return Work(self.number, took, own + spent.seconds)

    def _timed(self, tenant: int, step: Callable[[bytes], int]) -> float:
        """Do a step and the long work that it begins; return how long it took."""
        began = time.monotonic()
        with self.stage.scope(tenant), acting_as(DESK):
            number = step(self.file)
            db.session.commit()
        more = True
        while more:
            with self.stage.scope(tenant):
                more = runs.work(number, KINDS)
                db.session.commit()
                db.session.expunge_all()
        return time.monotonic() - began

    def copy(self, _seconds: float) -> Work:
        """Put the file into a bare table."""
        url = self.stage.environ["DATABASE_OWNER_URL"].replace("+psycopg", "", 1)
        with psycopg.connect(url) as connection:
            connection.execute(_BARE)
            connection.commit()
            with self.stage.measured() as spent:
                began, cpu = time.monotonic(), time.process_time()
                said = "COPY bare_network FROM STDIN (FORMAT csv, HEADER)"
                with connection.cursor() as cursor, cursor.copy(said) as copy:
                    copy.write(self.file)
                connection.commit()
                took, own = time.monotonic() - began, time.process_time() - cpu
        return Work(self.number, took, own + spent.seconds)

    def wrong(self) -> str | None:
        """Say what does not hold: all but the circles are here, with codes and sponsors, and the books are sound."""
        here = self.number - self.circles
        edges = here - self.orphans - self.tops
        for tenant in self.made:
            found = self.stage.rows(_HERE, tenant)
            if found != [(here, edges, here, edges)]:
                return f"expected {here} partners, {edges} with a sponsor; found {found}"
        with self.stage.app.app_context():
            unsound = broken()
        return str(unsound[0]) if unsound else None
