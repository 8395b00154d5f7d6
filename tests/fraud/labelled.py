"""A generator of sales with the truth beside them: honest ones that look odd, and fraud that hides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.fraud.rules import Bought, Flood, Scene, Trace, Visit

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SITES = ("promokodi.example", "skidki.example", "coupons.example")
NAMES = ("anna", "boris", "vera", "gleb", "dina", "egor", "zhanna", "ilya", "kira", "lev")
HOSTS = ("gmail.com", "yandex.ru", "mail.ru", "lampa.example")
PAGES = ("blog.example", "vk.example", "t.example", "forum.example")


@dataclass(frozen=True)
class Case:
    """A sale, and what it is in truth: the kind of fraud, or None."""

    scene: Scene
    truth: str | None


def draw(chance: random.Random, number: int) -> Case:
    """Draw one case: two of three are honest."""
    scene = _honest(chance, number)
    if chance.random() < 2 / 3:
        return Case(_odd(chance, scene), None)
    kind = chance.choice(sorted(FRAUDS))
    return Case(FRAUDS[kind](chance, scene), kind)


def _phone(chance: random.Random) -> str:
    return f"+79{chance.randrange(10**9):09d}"


def _honest(chance: random.Random, number: int) -> Scene:
    partner = 1 + number % 50
    usual = chance.choice((0, 50, 400, 3000))  # hundredths of a click in ten minutes
    clicks = min(29, round(usual / 100 * chance.uniform(0, 3)))
    devices = {f"own{partner}-{n}": NOON - chance.randrange(90) * DAY for n in range(2)}
    visit = Visit(partner, f"dev{chance.randrange(10**6)}", chance.choice(PAGES), None, None)
    return Scene(
        created_at=NOON,
        free_at=NOON + 14 * DAY,
        partner_id=partner,
        terms_id=1,
        email=f"{chance.choice(NAMES)}.{number}@{chance.choice(HOSTS)}",
        phone=_phone(chance),
        partner_emails=frozenset({f"partner.{partner}@{chance.choice(HOSTS)}"}),
        partner_phones=frozenset({_phone(chance)}),
        trace=Trace({"1": visit}, {partner: Flood(clicks, usual)}, {partner: devices}),
    )


def _odd(chance: random.Random, scene: Scene) -> Scene:
    """Make some honest sales look a little like fraud."""
    p, own = scene.partner_id, next(iter(scene.trace.devices[scene.partner_id]))
    ways: tuple[Callable[[], Scene], ...] = (
        lambda: replace(scene, ended=(Bought("A1", NOON - HOUR),)),  # changed her mind once
        lambda: _trace(scene, floods={p: Flood(80, 4000)}),  # a post that everybody reads
        lambda: replace(scene, email=f"gleb+{p}@gmail.com"),  # a tag of her own
        lambda: replace(scene, by_click=False),
    )
    rare: tuple[Callable[[], Scene], ...] = (
        lambda: _trace(scene, visits={"1": Visit(p, own)}),  # the family's tablet
        lambda: _trace(scene, floods={p: Flood(90, 10)}),  # viral, and nobody clicked before
    )
    way = chance.randrange(8)
    if way < len(ways):
        return ways[way]()
    return chance.choice(rare)() if chance.random() < 0.025 else scene


def _trace(scene: Scene, **parts: object) -> Scene:
    return replace(scene, trace=replace(scene.trace, **parts))  # type: ignore[arg-type]


def _email(chance: random.Random, scene: Scene) -> Scene:
    own = min(scene.partner_emails)
    name, _, host = own.partition("@")
    tag = f"{name}+{chance.randrange(99)}@{host}"
    other = f"another{chance.randrange(10**6)}@{host}"  # a mailbox made for it: nothing shows
    return replace(scene, email=other if chance.random() < 0.08 else tag)


def _phone_again(chance: random.Random, scene: Scene) -> Scene:
    digits = min(scene.partner_phones)[2:]
    ways = (
        f"8{digits}",
        f"8 ({digits[:3]}) {digits[3:6]}-{digits[6:8]}-{digits[8:]}",
        f"7{digits}",
    )
    return replace(scene, phone=chance.choice(ways))


def _device(chance: random.Random, scene: Scene) -> Scene:
    p = scene.partner_id
    own = next(iter(scene.trace.devices[p]))
    hides = chance.random() < 0.1  # another browser for the order
    return scene if hides else _trace(scene, visits={"1": Visit(p, own)})


def _ring(chance: random.Random, scene: Scene) -> Scene:
    """Partners who buy by each other's links and are paid to one account."""
    others = {scene.partner_id + n: NOON - chance.randrange(9) * DAY for n in (100, 101)}
    return _trace(scene, paid_with={scene.partner_id: others})


def _stuffing(chance: random.Random, scene: Scene) -> Scene:
    clicks = chance.randrange(40, 10_000)
    return _trace(scene, floods={scene.partner_id: Flood(clicks, chance.randrange(300))})


def _leaked(chance: random.Random, scene: Scene) -> Scene:
    site, p = chance.choice(SITES), scene.partner_id
    unlisted = chance.random() < 0.1
    host = "new-site.example" if unlisted else f"www.{site}".removeprefix("www.")
    return replace(_trace(scene, visits={"1": Visit(p, None, host)}), by_click=False)


def _loop(chance: random.Random, scene: Scene) -> Scene:
    ended = tuple(Bought(f"A{n}", NOON - n * HOUR) for n in range(chance.randrange(2, 6)))
    return replace(scene, ended=ended)


def _bought(chance: random.Random, scene: Scene) -> Scene:
    mark = chance.choice(("gclid=1", "yclid=2", "utm_medium=cpc"))
    return replace(scene, addresses=(f"https://lampa.example/?ref=p&{mark}",))


FRAUDS: dict[str, Callable[[random.Random, Scene], Scene]] = {
    "own mailbox": _email,
    "own telephone": _phone_again,
    "own device": _device,
    "ring": _ring,
    "stuffing": _stuffing,
    "leaked code": _leaked,
    "order and cancel": _loop,
    "paid search": _bought,
}
