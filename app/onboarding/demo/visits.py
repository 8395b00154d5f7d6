"""Ninety days of visits, each through the same door as a real one: the function in front of Flask."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import func, select

from app import clock
from app.attribution.models import Click
from app.extensions import db
from app.links.models import Link
from app.onboarding.demo.cast import DAYS, ZONE
from app.onboarding.demo.opening import partner_ids
from app.tenancy import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.onboarding.demo.cast import Actor
    from app.onboarding.demo.opening import Stage

# How busy each hour of a day is, from midnight on.
HOURS = (2, 1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 10, 9, 8, 8, 8, 9, 10, 12, 13, 12, 8, 4)
WEEK = (10, 11, 11, 10, 9, 7, 8)
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/19.1 Safari/604.1"
ANDROID = f"Mozilla/5.0 (Linux; Android 16; Pixel 9) {CHROME} Mobile Safari/537.36"
DESK = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36"
FOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
MACHINE = "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example/)"
AGENTS, SHARES = (PHONE, ANDROID, DESK, FOX, MACHINE), (30, 28, 27, 10, 5)
SOURCES = ("https://video.example/", "https://social.example/", "https://search.example/", "")


@dataclass(frozen=True)
class Visit:
    """Somebody follows a partner's link, or arrives with a code in the shop page's address."""

    at: datetime
    path: str
    query: str
    agent: str
    source: str
    network: int

    @property
    def environ(self) -> dict[str, Any]:
        """The visit as a web server hands it over."""
        beacon = self.path.startswith("/t/")
        return {
            "REQUEST_METHOD": "POST" if beacon else "GET",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "REMOTE_ADDR": f"198.51.100.{self.network}",
            "HTTP_USER_AGENT": self.agent,
            "HTTP_REFERER": self.source,
            "HTTP_SEC_FETCH_DEST": "empty" if beacon else "document",
        }


def make_partitions(since: datetime) -> None:
    """Make the clicks' tables of the past months: only those to come are made by themselves."""
    db.session.execute(select(func.make_click_partitions(since.date(), DAYS // 28 + 2)))


def happen(stage: Stage) -> int:
    """Let the visits happen that have not yet; returns how many did. Each is committed by itself."""
    with tenant_scope(stage.tenant.id):
        last = db.session.scalar(select(func.max(Click.at)).where(Click.at < stage.opening))
        planned = plan(stage)
        db.session.rollback()  # nothing stays open while others write
    waiting = [visit for visit in planned if last is None or visit.at > last]
    clicks = current_app.extensions["clicks"]
    for visit in waiting:
        with clock.moved_to(visit.at):
            list(clicks(visit.environ, _no_answer))
    return len(waiting)


def plan(stage: Stage) -> list[Visit]:
    """Return the merchant's visits in order of time, the same ones each time it is asked."""
    dice, play = Random(f"visits of {stage.play.slug}"), stage.play  # noqa: S311 - a story, no secret
    shorts = _shorts(stage)
    moments = list(times(dice, stage, play.visits))
    visits = []
    for at in moments:
        actor = who(dice, stage, at)
        agent = dice.choices(AGENTS, SHARES)[0]
        path, query = _way(dice, stage, actor, shorts[actor.refcode])
        source = actor.site if actor.site and dice.random() < 0.4 else dice.choice(SOURCES)
        visits.append(Visit(at, path, query, agent, source, dice.randrange(1, 250)))
    return visits


def times(dice: Random, stage: Stage, count: int) -> Iterator[datetime]:
    """Draw moments of the history, rising: more on weekdays, in the evening, and towards the end."""
    zone = ZoneInfo(ZONE)
    first = stage.opening.astimezone(zone).date() - timedelta(days=DAYS - 1)
    days = [first + timedelta(days=n) for n in range(DAYS)]
    busy = [WEEK[day.weekday()] * (60 + n) for n, day in enumerate(days)]
    drawn: set[datetime] = set()
    while len(drawn) < count:
        day = dice.choices(days, busy)[0]
        hour = dice.choices(range(24), HOURS)[0]
        local = datetime(day.year, day.month, day.day, hour, tzinfo=zone)
        moment = local.astimezone(UTC) + timedelta(milliseconds=dice.randrange(3_600_000))
        if moment < stage.opening:
            drawn.add(moment)
    yield from sorted(drawn)


def who(dice: Random, stage: Stage, at: datetime) -> Actor:
    """Draw a partner who was there at the time, by weight; a blocked one fades away."""
    there = [a for a in stage.play.actors if stage.days_before(a.since, 16) <= at] or [
        stage.play.actors[0]
    ]
    gone = [a.blocked is not None and stage.days_before(a.blocked) < at for a in there]
    sums = list(
        accumulate(a.weight // (4 if late else 1) for a, late in zip(there, gone, strict=True))
    )
    return there[bisect_right(sums, dice.randrange(sums[-1]))]


def _way(dice: Random, stage: Stage, actor: Actor, short: str) -> tuple[str, str]:
    slug, chance = stage.play.slug, dice.random()
    if chance < 0.12:
        page = f"https://{stage.play.domain}/{dice.choice(stage.play.shelves).id}/"
        return f"/t/{slug}/hit", f"ref={actor.refcode}&page={page}&from={actor.site or SOURCES[0]}"
    if chance < 0.20:
        return f"/s/{short}", ""
    if actor.links and chance < 0.5:
        return f"/r/{slug}/{actor.refcode}-{dice.choice(actor.links)}", ""
    return f"/r/{slug}/{actor.refcode}", dice.choice(
        ("", "", "sub1=post", "sub1=video&utm_source=video")
    )


def _shorts(stage: Stage) -> dict[str, str]:
    """Short links of the main links by refcode."""
    ids = partner_ids(stage)
    rows = db.session.execute(select(Link.partner_id, Link.short).where(Link.is_default))
    found = {row.partner_id: row.short for row in rows}
    return {refcode: found[partner_id] for refcode, partner_id in ids.items()}


def _no_answer(_status: str, _headers: Sequence[tuple[str, str]]) -> None:
    """Nobody waits for the redirect."""
