"""How long a link into the cabinet holds, and what it is exchanged for."""

from __future__ import annotations

import re
from datetime import timedelta

LINK_LIFE = timedelta(minutes=2)  # the shop's server asks for it as the page is made
FRAME_LIFE = timedelta(hours=2)
WINDOW_LIFE = timedelta(hours=8)
LINK = re.compile(r"cp_[A-Za-z0-9_-]{43}", re.ASCII)


def life(*, framed: bool) -> timedelta:
    """Return how long a session lasts in a frame, or in a window of its own."""
    return FRAME_LIFE if framed else WINDOW_LIFE
