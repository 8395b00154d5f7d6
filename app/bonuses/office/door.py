"""The blueprint that all parts of the door share."""

from __future__ import annotations

from flask import Blueprint, request

from app.bonuses.rules import LARGEST

bp = Blueprint("bonuses", __name__, url_prefix="/bonuses")

BODY = LARGEST + 4 * 2**20  # of an upload: the file, and the form around it


@bp.url_value_preprocessor
def larger(endpoint: str | None, _values: object) -> None:
    """Let a list of customers be larger than other forms, before anything of it is read."""
    if (endpoint or "").endswith("bonuses.look"):
        request.max_content_length = BODY
        request.max_form_memory_size = BODY
