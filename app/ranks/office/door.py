"""The blueprint of ranks, awards, achievements and rights holders."""

from __future__ import annotations

from flask import Blueprint, request

bp = Blueprint("ranks", __name__, url_prefix="/ranks")
BODY = 4 * 2**20  # a picture that is too large is complained of at its field


@bp.url_value_preprocessor
def larger(_endpoint: str | None, _values: object) -> None:
    """Let pictures of awards and achievements in, before anything is read."""
    request.max_content_length = BODY
