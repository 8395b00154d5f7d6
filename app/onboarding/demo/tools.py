"""What the demo's merchants give their partners: materials, codes, an invitation, a letter half written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.codes import service as codes
from app.codes.rules import Conditions
from app.creatives import service as creatives
from app.creatives.rules import Kind
from app.creatives.service import Said
from app.invitations import service as invitations
from app.invitations.forms import TEXTS
from app.invitations.rules import Line
from app.invitations.service import Defaults
from app.mailings import service as mailings
from app.mailings.rules import DEFAULT_PACE, Segment
from app.onboarding.demo import drawings
from app.partners import queries as partners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.onboarding.demo.opening import Stage

SIZES = ((300, 250), (728, 90), (160, 600))


@dataclass(frozen=True)
class Tools:
    """One merchant's words."""

    draw: Callable[[int, int], bytes]
    banner: str  # name of a banner, and what it shows
    page: str  # of the shop, below its domain
    post: tuple[str, str]  # name and words
    letter: tuple[str, str, str]  # name, subject and text
    gives: str  # what a buyer gets by the code
    code: tuple[str, str, int]  # whose, the code and its limit
    note: str
    guest: tuple[str, str]  # name and the part of the address before the at sign
    news: tuple[str, str]  # subject and body


WORDS = {
    "lampa": Tools(
        draw=drawings.lamp,
        banner="Floor lamps",
        page="/floor/",
        post=(
            "Post for a channel",
            (
                "A lamp changes a room more than a sofa does. Mine come from Lampa: {link}\n"
                "With the code {code} the first order is 10% cheaper."
            ),
        ),
        letter=(
            "Letter to readers",
            "Light for the dark months",
            (
                "Hello!\n\nIn winter I work by lamplight, and I know which lamps are good to the eyes:"
                " {link}\n\nName the code {code} at the order.\n\n{name}"
            ),
        ),
        gives="10% off the first order",
        code=("marina", "PODCAST-LAMPA", 50),
        note="Named in the podcast; fifty orders, then we look again",
        guest=("Inga Vetrova", "inga"),
        news=(
            "New floor lamps",
            "Hello, {name}!\n\nFive new floor lamps are in the shop. Your link as always: {link}",
        ),
    ),
    "kniga": Tools(
        draw=drawings.books,
        banner="Книжная полка",
        page="/fiction/",
        post=(
            "Пост для канала",
            "Что почитать зимой — собрал здесь: {link}\nПо коду {code} скидка на первый заказ.",
        ),
        letter=(
            "Письмо читателям",
            "Книги на длинные вечера",
            (
                "Здравствуйте!\n\nПодборка книг, от которых трудно оторваться: {link}\n\n"
                "Назовите при заказе код {code}.\n\n{name}"
            ),
        ),
        gives="Скидка 5% на первый заказ",
        code=("lev", "LEKTORIY", 100),
        note="Для слушателей лектория, сто заказов",
        guest=("Вера Соколова", "vera"),
        news=(
            "Новинки месяца",
            "Здравствуйте, {name}!\n\nНа полках пять новых книг. Ваша ссылка: {link}",
        ),
    ),
}


def furnish(stage: Stage, me: str) -> None:
    """Give the merchant's pages something to show, each at its own day of the past."""
    said = WORDS[stage.play.tools]
    with stage.at(stage.days_before(40, 12), me):
        made = [creatives.create(kind, each) for kind, each in _materials(stage, said)]
    with stage.at(stage.days_before(38, 18), me):
        hero = partners.by_refcode(stage.play.actors[0].refcode)
        if hero is not None:
            for creative in made[:2]:
                creatives.take(creative, hero, stage.play.slug)
    with stage.at(stage.days_before(30, 13), me):
        whose, code, limit = said.code
        owner = partners.by_refcode(whose)
        if owner is not None:
            wish = codes.NewCode(
                code=code, conditions=Conditions(limit=limit), note=said.note, gives=said.gives
            )
            codes.create(owner, wish)
    with stage.at(stage.days_before(1, 11), me):
        _invite(stage, said)
        subject, body = said.news
        mailings.write(
            None,
            texts={stage.play.locale: {"subject": subject, "body": body}},
            segment=Segment(),
            pace=DEFAULT_PACE,
        )


def _materials(stage: Stage, said: Tools) -> Iterator[tuple[Kind, Said]]:
    language, page = stage.play.locale, f"https://{stage.play.domain}{said.page}"
    for width, height in SIZES:
        yield (
            Kind.BANNER,
            Said(
                name=f"{said.banner}, {width}×{height}",
                body=said.banner,
                page=page,
                file=said.draw(width, height),
                filename=f"banner-{width}.png",
            ),
        )
    name, words = said.post
    yield Kind.TEXT, Said(name=name, body=words, language=language)
    name, subject, words = said.letter
    yield Kind.LETTER, Said(name=name, subject=subject, body=words, language=language)


def _invite(stage: Stage, said: Tools) -> None:
    name, address = said.guest
    lines = [Line(1, stage.play.mail(address), name)]
    wishes, left_out = invitations.check_lines(lines, Defaults(locale=stage.play.locale))
    invitations.ask(wishes, left_out, TEXTS, pace=1, locale=stage.play.locale)
