"""P8 to P10: pages of long lists, dashboards, and what drawing a table costs, on a merchant with much."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from flask import g
from jinja2 import Environment
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app import clock, sql
from app.extensions import db
from app.identity import service as identity
from app.ledger.checks import broken
from app.onboarding.demo import scale
from app.orders.office.lists import starred
from app.reports import queries as reports
from app.statistics import queries as statistics
from app.statistics.rules import Period
from app.tenants.models import Tenant
from app.web.lists import LISTINGS
from app.web.surroundings import surround
from bench.trial import Trial, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.stage import Stage

PASSWORD = "a bench in the park"
MOST_STATEMENTS = 6
ROWS = 50
LISTS = {"orders": "-created_at", "partners": "-clicks"}
DEPTH = 0.9  # of the list, where a deep page begins

# Y5: the rows themselves, as a dashboard without roll-ups would ask.
_RAW = """
SELECT (c.at AT TIME ZONE 'Europe/Moscow')::date AS day, count(*) AS n FROM click c
WHERE c.flag IS NULL GROUP BY 1
"""
_RAW_DEALS = """
SELECT (d.created_at AT TIME ZONE 'Europe/Moscow')::date AS day,
       count(*) AS n, sum(o.total) AS total, sum(d.commission) AS cost
FROM deal d JOIN orders o ON o.tenant_id = d.tenant_id AND o.id = d.order_id
WHERE d.partner_id IS NOT NULL AND d.state NOT IN ('cancelled', 'refunded') GROUP BY 1
"""
# Bare Jinja: the same rows, written as they are.
_PLAIN = Environment(autoescape=True).from_string(
    """{% for row in rows %}<tr role="row">{% for column in columns %}
<td role="cell"{% if column.end %} class="end"{% endif %} data-label="{{ column.label }}">{{ row[column.key] }}</td>
{% endfor %}</tr>{% endfor %}"""
)


@dataclass
class Statements:
    """How many statements ran, those of the scope and of who is signed in apart."""

    said: list[str] = field(default_factory=list)

    @property
    def of_page(self) -> int:
        """Those that the page itself asked."""
        door = ("set_config", "FROM session", "FROM membership", "FROM directory", "UPDATE session")
        own = [s for s in self.said if s != ";" and not any(word in s for word in door)]
        return sum("FROM tenant" not in s and "FROM person" not in s for s in own)


def tables(stage: Stage) -> list[Trial]:
    """All three, on one merchant with a tenth of everything, or with everything."""
    ground = Ground(stage)
    trials = [
        Trial("P8", f"{name}: deep page : first", "page", 1 / 1.5, ground.page(name, deep=True),
              ground.page(name, deep=False), "the first page of the same list",
              truth=ground.truth(name))
        for name in LISTS
    ]  # fmt: skip
    return [
        *trials,
        Trial("P9", "dashboard : raw rows", "look", 100.0, ground.dashboard, ground.raw,
              "Y5 the same figures from the rows", truth=ground.wrong_sums),
        Trial("P10", "50 rows drawn : plain Jinja", "table", 1 / 2.5, ground.drawn, ground.plain,
              "the same rows written by Jinja, without formats"),
    ]  # fmt: skip


class Ground:
    """The merchant that is looked at."""

    def __init__(self, stage: Stage) -> None:
        """Make it; nothing is measured yet."""
        self.stage = stage
        size = scale.SIZES["full" if stage.scale == "full" else "small"]
        with stage.app.app_context():
            began = time.monotonic()
            for line in scale.make(size):
                print(f"  {line}", flush=True)
            print(f"  made in {time.monotonic() - began:.0f} s", flush=True)
            found = select(Tenant).where(Tenant.slug.like("scale-%"), Tenant.twin_of.is_(None))
            tenant = db.session.scalars(found.order_by(Tenant.id.desc()).limit(1)).one()
            self.slug, self.tenant_id = tenant.slug, tenant.id
            with stage.scope(self.tenant_id):
                person = identity.ensure_person(f"owner@{self.slug}.example", "Owner")
                identity.change_password(person, PASSWORD)
                db.session.commit()
        self._analyse()
        stage.app.config.update(WTF_CSRF_ENABLED=False)
        self.client = stage.app.test_client()
        said = {"email": f"owner@{self.slug}.example", "password": PASSWORD}
        assert self.client.post("/login", data=said).status_code == 303
        self.addresses: dict[tuple[str, bool], str] = {}

    def _analyse(self) -> None:
        url = self.stage.environ["DATABASE_OWNER_URL"].replace("+psycopg", "", 1)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    @contextmanager
    def at(self) -> Iterator[None]:
        """Stand where a page of the office stands, as the owner."""
        with self.stage.app.test_request_context(), self.stage.scope(self.tenant_id):
            g.permissions = frozenset({"read", "manage", "money", "money.read"})
            g.tenant = db.session.get_one(Tenant, self.tenant_id)
            surround(audience="office", currency="RUB", timezone="Europe/Moscow", slug=self.slug)
            yield
            db.session.rollback()

    def address(self, name: str, *, deep: bool) -> str:
        """Return the address of a list's first page, or of one far behind it."""
        if (name, deep) not in self.addresses:
            base = f"/{self.slug}/office/{name}/?sort={LISTS[name]}&size=50"
            cursor = self._cursor(name) if deep else ""
            self.addresses[name, deep] = f"{base}&cursor={cursor}"
        return self.addresses[name, deep]

    def _cursor(self, name: str) -> str:
        listing = LISTINGS[name]
        with self.at():
            table = listing.table()
            order = table.order(LISTS[name])
            found = listing.statement().with_only_columns(order.by, order.key)
            total = len(db.session.execute(found.with_only_columns(order.key)).all())
            place = db.session.execute(
                found.order_by(order.by.desc(), order.key.desc())
                .offset(int(total * DEPTH))
                .limit(1)
            ).one()
            print(f"  {name}: page at depth {int(total * DEPTH):,} of {total:,}", flush=True)
            return table.pack((place[0], place[1]), LISTS[name], backward=False)

    def page(self, name: str, *, deep: bool) -> Callable[[float], Work]:
        """Open a page again and again, as a browser would."""

        def run(seconds: float) -> Work:
            address = self.address(name, deep=deep)
            return self._again(lambda: self._get(address), seconds)

        return run

    def _get(self, address: str) -> str:
        answer = self.client.get(address)
        assert answer.status_code == 200, answer.status_code
        return str(answer.text)

    def _again(self, act: Callable[[], Any], seconds: float) -> Work:
        began, spent, number = time.monotonic(), time.process_time(), 0
        while time.monotonic() - began < seconds or not number:
            act()
            number += 1
        return Work(number, time.monotonic() - began, time.process_time() - spent)

    def truth(self, name: str) -> Callable[[], str | None]:
        """Say whether a page asks few statements, and all pages together are the whole list."""

        def wrong() -> str | None:
            with counted() as seen:
                self._get(self.address(name, deep=True))
            print(f"  {name}: {seen.of_page} statements a page", flush=True)
            if seen.of_page > MOST_STATEMENTS:
                return f"{seen.of_page} statements a page"
            return self._torn(name)

        return wrong

    def _torn(self, name: str) -> str | None:
        listing = LISTINGS[name]
        with self.at():
            table = listing.table()
            column = next(c for c in table.columns if c.key == LISTS[name].removeprefix("-"))
            key = column.tie if column.tie is not None else table.key
            statement = listing.statement().with_only_columns(key)
            order = table.order(LISTS[name])
            whole = db.session.scalars(statement.order_by(order.by.desc(), order.key.desc())).all()
            seen: list[int] = []
            args = {"sort": LISTS[name], "size": "100"}
            cursor: str | None = ""
            while cursor is not None:
                view = table.load(statement, MultiDict({**args, "cursor": cursor}))
                seen += [row[0] if isinstance(row, tuple) else row for row in view.rows]
                cursor = view.next
        if seen != list(whole):
            return f"{len(seen)} lines on the pages, {len(whole)} in the list, or in another order"
        return None

    def dashboard(self, seconds: float) -> Work:
        """Read the figures of the overview: now, before, day by day, and of all time."""
        with self.at():
            return self._again(lambda: reports.overview(g.tenant), seconds)

    def raw(self, seconds: float) -> Work:
        """Count the same from clicks and deals themselves."""

        def count() -> None:
            sql.rows(_RAW, {})
            sql.rows(_RAW_DEALS, {})

        with self.at():
            return self._again(count, seconds)

    def wrong_sums(self) -> str | None:
        """The figures are what the rows come to, and the books are sound."""
        with self.at():
            seen, rows = statistics.ever(), sql.rows(_RAW_DEALS, {})
            sums = tuple(sum(int(row[n]) for row in rows) for n in (1, 2, 3))
            said = (seen.orders, seen.turnover, seen.commission)
            clicks = sql.one("SELECT count(*) AS n FROM click WHERE flag IS NULL", {}).n
            days = statistics.by_day(
                Period(clock.today("UTC").replace(year=2000), clock.today("Asia/Tokyo"))
            )
        if said != sums or seen.clicks != clicks or sum(n.clicks for n in days.values()) != clicks:
            return f"roll-ups say {said} and {seen.clicks} clicks, the rows {sums} and {clicks}"
        with self.stage.app.app_context():
            found = broken()
        return str(found[0]) if found else None

    def drawn(self, seconds: float) -> Work:
        """Draw fifty rows of orders with their formats, badges and links."""
        with self.at():
            table = LISTINGS["orders"].table()
            view = table.load(LISTINGS["orders"].statement(), MultiDict({"size": "50"}))
            assert len(view.rows) == ROWS
            own = {"starred": starred()}
            return self._again(lambda: view.body(own), seconds)

    def plain(self, seconds: float) -> Work:
        """Write the same fifty rows by Jinja, as they are."""
        with self.at():
            table = LISTINGS["orders"].table()
            view = table.load(LISTINGS["orders"].statement(), MultiDict({"size": "50"}))
            labels = [{"key": c.key, "end": c.end, "label": str(c.label)} for c in view.columns]
            rows = [{c.key: c.of(row) for c in view.columns} for row in view.rows]
            return self._again(lambda: _PLAIN.render(rows=rows, columns=labels), seconds)


@contextmanager
def counted() -> Iterator[Statements]:
    """Note every statement that the driver is given in the block."""
    seen, plain = Statements(), psycopg.Cursor.execute

    def noted(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        seen.said.append(str(query))
        return plain(cursor, query, *args, **kwargs)

    psycopg.Cursor.execute = noted  # type: ignore[method-assign, assignment]
    try:
        yield seen
    finally:
        psycopg.Cursor.execute = plain  # type: ignore[method-assign]
