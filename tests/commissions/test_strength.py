"""Which rate is the stronger, as the programs that merchants come from have it.

AutoWebOffice knows three places: the partner's card, the product, the general settings. RefPRO knows
percents by the partner's group and by the product's category. Campaigns are ours. Every place pays
another rate here, and weaker ones pay more, so that nothing but strength can decide.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from app.orders.rules import State
from app.programs.rules import Source
from tests.commissions.story import (
    ANNA,
    BORIS,
    DAY,
    NOON,
    VERA,
    Story,
    code,
    folded,
    lamp,
    placed,
)

# Where a rate may stand, and what it pays of 1,000.00; the strongest first.
PAYS = {
    Source.PARTNER: 1,
    Source.CAMPAIGN: 2,
    Source.PRODUCT: 3,
    Source.CATEGORY: 4,
    Source.GROUP: 5,
    Source.TERMS: 6,
}
PRODUCT, CATEGORY, GROUP = 10, 20, 5  # lamp-1 lies in the category lamps; Vera is in the group
CARD, GOODS, GENERAL = Source.PARTNER, Source.PRODUCT, Source.TERMS


def said_by(*places: Source, rate: str | None = None, above: tuple[str | None, ...] = ()) -> Story:
    """Return the merchant who has said a rate in these places, the same for all or each its own."""
    told = Story().say(f"partner:{VERA}", "group", GROUP)
    told.now_only("terms:1", "levels", [None, None, None])
    for place in places:
        levels = [f"{PAYS[place]}%" if rate is None else rate, *above]
        if place is Source.CAMPAIGN:
            ends = (NOON + DAY).isoformat()
            offer = {"levels": levels, "from": (NOON - DAY).isoformat(), "to": ends}
            told.say("campaign:1", "offer", offer)
        else:
            told.now_only(f"{place.value}:{OWNER[place]}", "levels", levels)
    return told


OWNER = {
    Source.PARTNER: VERA,
    Source.PRODUCT: PRODUCT,
    Source.CATEGORY: CATEGORY,
    Source.GROUP: GROUP,
    Source.TERMS: 1,
}


def first(told: Story, partner: int = VERA, **line: Any) -> tuple[str | None, int]:
    """Return the place that decided on level 1, and what it paid in hundredths of the base."""
    goods: dict[str, Any] = {"product": "lamp-1", "category": "lamps"} | line
    found = told.deal(placed(folded(State.AGREED, lamp(**goods)), code(partner)))
    own = [share for share in found.shares if share.level == 1]
    return (own[0].why["source"], own[0].amount // 1000) if own else (None, 0)


@pytest.mark.parametrize(
    ("places", "wins"),
    [
        # AutoWebOffice: what stands in the card is the strongest, the general settings the weakest.
        ((CARD, GOODS, GENERAL), CARD),
        ((CARD, GOODS), CARD),
        ((CARD, GENERAL), CARD),
        ((GOODS, GENERAL), GOODS),
        ((GENERAL,), GENERAL),
        # RefPRO: a group of partners has its own percent, a category of goods has, too.
        ((Source.GROUP, GENERAL), Source.GROUP),
        ((Source.CATEGORY, GENERAL), Source.CATEGORY),
        ((Source.CATEGORY, Source.GROUP, GENERAL), Source.CATEGORY),
        # Both together, in one shop.
        ((GOODS, Source.CATEGORY, Source.GROUP, GENERAL), GOODS),
        ((CARD, Source.CATEGORY, Source.GROUP, GENERAL), CARD),
        # Ours: for its time a campaign is above everything but the card.
        ((Source.CAMPAIGN, GOODS, Source.CATEGORY, Source.GROUP, GENERAL), Source.CAMPAIGN),
        ((CARD, Source.CAMPAIGN, GENERAL), CARD),
    ],
)
def test_the_stronger_place_decides(places: tuple[Source, ...], wins: Source) -> None:
    assert first(said_by(*places)) == (wins.value, PAYS[wins])


@pytest.mark.parametrize("many", range(1, 7))
def test_of_any_places_the_strongest_decides(many: int) -> None:
    for places in combinations(PAYS, many):
        wins = min(places, key=list(PAYS).index)
        assert first(said_by(*places)) == (wins.value, PAYS[wins]), places


def test_the_card_is_for_all_goods_and_for_this_partner_alone() -> None:
    told = said_by(CARD, GOODS, GENERAL)
    for goods in ("lamp-1", "book-1", "something new"):
        assert first(told, product=goods, category=None) == ("partner", PAYS[CARD])
    for somebody in (ANNA, BORIS):
        assert first(told, somebody) == ("product", PAYS[GOODS])


def test_what_a_product_pays_is_for_all_partners_and_for_this_product_alone() -> None:
    told = said_by(GOODS, GENERAL)
    for somebody in (ANNA, BORIS, VERA):
        assert first(told, somebody) == ("product", PAYS[GOODS])
        assert first(told, somebody, product="book-1") == ("terms", PAYS[GENERAL])


def test_the_general_settings_are_for_all_partners_and_all_goods() -> None:
    for somebody in (ANNA, BORIS, VERA):
        for goods in ("lamp-1", "book-1"):
            assert first(said_by(GENERAL), somebody, product=goods) == ("terms", PAYS[GENERAL])


def test_a_group_pays_its_members_and_nobody_else() -> None:
    told = said_by(Source.GROUP, GENERAL)
    assert first(told) == ("group", PAYS[Source.GROUP])
    assert first(told, BORIS) == ("terms", PAYS[GENERAL])


@pytest.mark.parametrize("place", [place for place in PAYS if place is not GENERAL])
def test_a_place_that_says_nothing_on_a_level_leaves_it_to_the_next(place: Source) -> None:
    told = said_by(place, rate=None, above=(None,))
    told.now_only("terms:1", "levels", ["6%", "7%"])
    found = told.deal(placed(folded(State.AGREED, lamp(product="lamp-1", category="lamps"))))
    decided = {share.level: (share.why["source"], share.amount // 1000) for share in found.shares}
    assert decided == {1: (place.value, PAYS[place]), 2: ("terms", 7)}


@pytest.mark.parametrize("place", [place for place in PAYS if place is not GENERAL])
def test_nothing_said_aloud_stops_there(place: Source) -> None:
    told = said_by(place, rate="0%")
    told.now_only("terms:1", "levels", ["6%"])
    assert first(told) == (place.value, 0)
