"""Who a shop says is signed in, and how the widget may look."""

from app.widget.rules.look import (
    BLOCKS,
    COLOURS,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_RADIUS,
    OWN_TEXTS,
    POSITIONS,
    Look,
    LookError,
    read_look,
)
from app.widget.rules.tokens import (
    LONGEST_LIFE,
    LONGEST_TOKEN,
    Claim,
    TokenError,
    check,
    read_token,
    signed_token,
)

__all__ = [
    "BLOCKS",
    "COLOURS",
    "LONGEST_LIFE",
    "LONGEST_TEXT",
    "LONGEST_TITLE",
    "LONGEST_TOKEN",
    "MOST_RADIUS",
    "OWN_TEXTS",
    "POSITIONS",
    "Claim",
    "Look",
    "LookError",
    "TokenError",
    "check",
    "read_look",
    "read_token",
    "signed_token",
]
