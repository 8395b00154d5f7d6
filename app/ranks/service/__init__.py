"""Verbs on ranks, awards, achievements and rights: define them, give them to customers, take them back."""

from app.ranks.service.awards import (
    define_award,
    grant_by_hand,
    honour,
    look_of,
    remove_award,
    take_honour,
    undo_grant,
)
from app.ranks.service.climbing import (
    count_anew,
    cursor,
    look_anew,
    set_plan,
    set_rung,
    settle,
)
from app.ranks.service.counting import by_day, count, wrong
from app.ranks.service.keeping import (
    Rights,
    define_rank,
    end_rights,
    give,
    give_by_hand,
    hold_rights,
    lose,
    move_rank,
    reach,
    remove_rank,
    take_back,
)
from app.ranks.service.pictures import BIGGEST_PICTURE

__all__ = [
    "BIGGEST_PICTURE",
    "Rights",
    "by_day",
    "count",
    "count_anew",
    "cursor",
    "define_award",
    "define_rank",
    "end_rights",
    "give",
    "give_by_hand",
    "grant_by_hand",
    "hold_rights",
    "honour",
    "look_anew",
    "look_of",
    "lose",
    "move_rank",
    "reach",
    "remove_award",
    "remove_rank",
    "set_plan",
    "set_rung",
    "settle",
    "take_back",
    "take_honour",
    "undo_grant",
    "wrong",
]
