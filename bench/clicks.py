"""P1, P2 and P13: redirects, hits and the landing script."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from app.attribution.public import landing_script
from app.extensions import db
from app.links import service as links
from app.partners import service as partners
from bench.cpu import memory_of
from bench.load import BROWSER, CONNECTIONS, Call
from bench.trial import Trial, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.stage import Stage


def redirect(stage: Stage) -> list[Trial]:
    """P1: a click is in PostgreSQL before its redirect leaves."""
    slug = _shop(stage)
    return [_clicks(stage, "P1", "redirect", Call(f"{stage.web}/r/{slug}/anna"), slug, 0.35)]


def hit(stage: Stage) -> list[Trial]:
    """P2: the landing script's beacon."""
    slug = _shop(stage)
    page = f"https%3A%2F%2F{slug}.example%2Flamps"
    call = Call(
        f"{stage.web}/t/{slug}/hit?ref=anna&page={page}&from=", "POST", {"User-Agent": BROWSER}
    )
    return [_clicks(stage, "P2", "tracking hit", call, slug, 0.45)]


def script(_stage: Stage) -> list[Trial]:
    """P13: bytes of the landing script with every feature, as it travels."""

    def weigh(_seconds: float) -> Work:
        sent = landing_script('[["ref", "partner", "utm_partner"], 3650, false]', packed=True)
        assert gzip.decompress(sent).startswith(b"(function")
        return Work(len(sent), 1.0, 0.0)

    return [Trial("P13", "landing script, gzip", "bytes", 1200, weigh, at_most=True)]


def memory(stage: Stage) -> list[Trial]:
    """P14: the largest web worker, after it served pages, links and the API's document.

    Resident, with 34 MB of files that all processes share. What is left, in MB as measured at
    import: SQLAlchemy 20, our modules and tables 16, drivers with cryptography 20, pydantic 6, rich
    with Pygments 4 (structlog loads them where they are installed); the first requests add 17 for
    threads, templates and the API's document.
    """
    slug = _shop(stage)

    def weigh(seconds: float) -> Work:
        for path in (f"/r/{slug}/anna", "/login", "/api/v1/openapi.json"):
            stage.pressed(Call(f"{stage.web}{path}"), seconds / 3)
        return Work(memory_of(stage.process("web")) // 2**20, 1.0, 0.0)

    return [Trial("P14", "memory of a web worker", "MB", 120, weigh, at_most=True)]


def _shop(stage: Stage) -> str:
    with stage.app.app_context():
        made = stage.merchant("Lampa")
        slug = str(made.tenant.slug)
        with stage.scope(made.tenant.id):
            links.ensure_default(partners.create(partners.NewPartner(name="Anna", refcode="anna")))
        db.session.commit()
    return slug


def _clicks(stage: Stage, key: str, title: str, call: Call, slug: str, goal: float) -> Trial:
    counted = {"answers": 0, "runs": 0}

    def product(seconds: float) -> Work:
        work = stage.pressed(call, seconds)
        counted["answers"] += work.units
        counted["runs"] += 1
        return work

    return Trial(
        key, title, "click", goal, product,
        yardstick=lambda seconds: stage.pressed(Call(f"{stage.trivial}/"), seconds),
        measure="Y1 trivial Flask route", truth=_truth(stage, slug, counted),
    )  # fmt: skip


def _truth(stage: Stage, slug: str, counted: dict[str, int]) -> Callable[[], str | None]:
    """Every answer is a row; a few rows more are answers that the end of a run cut off."""

    def check() -> str | None:
        found = stage.rows(
            "SELECT count(*) FROM click JOIN tenant ON tenant.id = tenant_id WHERE slug = %s", slug
        )
        rows, answers = int(str(found[0][0])), counted["answers"]
        most = answers + counted["runs"] * CONNECTIONS
        return (
            None if answers <= rows <= most else f"{answers} answers, {rows} clicks in the database"
        )

    return check
