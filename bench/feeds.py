"""P15: a catalogue of a million offers from a YML file, with all its checks, beside a bare COPY of the same offers."""

from __future__ import annotations

import io
import resource
import tempfile
import time
from datetime import time as moment
from typing import IO, TYPE_CHECKING

import psycopg
from sqlalchemy import select

from app.events.service import acting_as
from app.extensions import db
from app.feeds import queries, service
from app.runs import service as runs
from app.runs.models import Run
from bench.trial import Trial, Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.stage import Stage

SIZES = {"small": 100_000, "full": 1_000_000}
SHELVES = 500
GOAL = (
    1 / 250
)  # a product has seven dated facts: eight rows, and twenty entries of indexes, for one of COPY's
DESK = "person:1"
_BARE = """
DROP TABLE IF EXISTS bare_product;
CREATE TABLE bare_product (id text, available text, url text, price text, old_price text, category text,
    picture text, name text, cost text)
"""
_HERE = """
SELECT count(*), count(category_id), sum(price), count(*) FILTER (WHERE promo),
       (SELECT count(*) FROM fact f WHERE f.tenant_id = p.tenant_id AND f.owner LIKE 'product:%%')
FROM product p WHERE tenant_id = %s GROUP BY tenant_id
"""


def feeds(stage: Stage) -> list[Trial]:
    """Return the one trial."""
    loading = Loading(stage, SIZES["full" if stage.scale == "full" else "small"])
    return [
        Trial("P15", f"feed of {loading.number:,} offers with checks : bare COPY", "offer", GOAL,
              loading.run, loading.copy, "COPY of the same offers into a table without index and policy",
              truth=loading.wrong)
    ]  # fmt: skip


def _offers(number: int) -> Iterator[tuple[str, ...]]:
    for n in range(1, number + 1):
        yield (
            f"sku-{n}", "false" if n % 7 == 0 else "true", f"https://lampa.example/p/{n}",
            f"{n % 9000 + 100}.50", str(n % 9000 + 300) if n % 5 == 0 else "", str(n % SHELVES + 1),
            f"https://lampa.example/i/{n}.jpg", f"Лампа настольная {n}, синяя", str(n % 900 + 50),
        )  # fmt: skip


def _write(number: int) -> IO[bytes]:
    """Write the file as shops' exports do: with parameters and descriptions that are read over."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is needed to the end
    out = io.TextIOWrapper(file, "utf-8", write_through=True)
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE yml_catalog SYSTEM "shops.dtd">\n')
    out.write('<yml_catalog><shop><name>Lampa</name><currencies><currency id="RUR" rate="1"/>')
    out.write("</currencies>\n<categories>\n")
    for n in range(1, SHELVES + 1):
        above = f' parentId="{n // 10}"' if n >= 10 else ""
        out.write(f'<category id="{n}"{above}>Раздел {n}</category>\n')
    out.write("</categories>\n<offers>\n")
    for own, available, url, price, old, shelf, picture, name, cost in _offers(number):
        was = f"<oldprice>{old}</oldprice>" if old else ""
        out.write(
            f'<offer id="{own}" available="{available}">\n<url>{url}</url>\n<price>{price}</price>{was}\n'
            f"<currencyId>RUR</currencyId>\n<categoryId>{shelf}</categoryId>\n<picture>{picture}</picture>\n"
            f"<name>{name}</name>\n<vendor>Lampa</vendor>\n<purchase_price>{cost}</purchase_price>\n"
            '<param name="Цвет">синий</param>\n<param name="Вес" unit="кг">1.5</param>\n</offer>\n'
        )
    out.write("</offers>\n</shop>\n</yml_catalog>\n")
    out.detach()
    return file


class Loading:
    """A catalogue in a file, loaded for a merchant of its own each time."""

    def __init__(self, stage: Stage, number: int) -> None:
        """Write the file."""
        self.stage, self.number = stage, number
        self.file = _write(number)
        self.made: list[int] = []

    def run(self, _seconds: float) -> Work:
        """Take the file in, look at every offer, load them: as the worker does, batch by batch."""
        with self.stage.app.app_context():
            made = self.stage.merchant("Catalogue")
            tenant, shop = made.tenant.id, made.shop.id
            db.session.commit()
            with self.stage.measured() as spent:
                began, cpu = time.monotonic(), time.process_time()
                told = self._timed(tenant, shop, again=False)
                took, own = time.monotonic() - began, time.process_time() - cpu
            once_more = self._timed(tenant, shop, again=True)
        self.made.append(tenant)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"  {self.number:,} offers: {told}; the same file again: {once_more}; peak {peak} MB")
        return Work(self.number, took, own + spent.seconds)

    def _timed(self, tenant: int, shop: int, *, again: bool) -> str:
        began = time.monotonic()
        with self.stage.scope(tenant), acting_as(DESK):
            feed = queries.by_address(shop, None, "Bench") if again else None
            wish = service.Wish("Bench", None, "never", moment(4))
            load = service.take(feed or service.add(shop, wish), self.file, "f.yml", at_once=True)
            number = load.run_id if load else None
            db.session.commit()
        if number is None:
            raise RuntimeError("nothing is to be looked at")
        marks, phase = [time.monotonic()], "preview"
        more = True
        while more:
            with self.stage.scope(tenant):
                more = runs.work(number, service.KINDS)
                now = db.session.scalar(select(Run.phase).where(Run.id == number))
                more = more or now != phase
                if now != phase:
                    marks.append(time.monotonic())
                phase = now or phase
                db.session.commit()
                db.session.expunge_all()
        looked, end = marks[-1], time.monotonic()
        return f"taken {marks[0] - began:.1f} s, looked {looked - marks[0]:.1f} s, loaded {end - looked:.1f} s"

    def copy(self, _seconds: float) -> Work:
        """Put the offers into a bare table."""
        url = self.stage.environ["DATABASE_OWNER_URL"].replace("+psycopg", "", 1)
        with psycopg.connect(url) as connection:
            connection.execute(_BARE)
            connection.commit()
            text = io.StringIO()
            for row in _offers(self.number):
                text.write("\t".join(row) + "\n")
            data = text.getvalue().encode()
            with self.stage.measured() as spent:
                began, cpu = time.monotonic(), time.process_time()
                with (
                    connection.cursor() as cursor,
                    cursor.copy("COPY bare_product FROM STDIN") as copy,
                ):
                    copy.write(data)
                connection.commit()
                took, own = time.monotonic() - began, time.process_time() - cpu
        return Work(self.number, took, own + spent.seconds)

    def wrong(self) -> str | None:
        """Say what does not hold: each offer is here once, on its shelf, at its price, with its first facts."""
        prices = sum((n % 9000 + 100) * 100 + 50 for n in range(1, self.number + 1))
        sales = sum(1 for n in range(5, self.number + 1, 5))
        for tenant in self.made:
            found = self.stage.rows(_HERE, tenant)
            if found != [(self.number, self.number, prices, sales, self.number * 7)]:
                return (
                    f"expected {self.number} products at {prices}, {sales} on sale; found {found}"
                )
        return None
