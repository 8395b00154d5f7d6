"""What the pages of registers share."""

from __future__ import annotations

from flask import Blueprint, request

from app.registers.rules import BIGGEST

bp = Blueprint("registers", __name__, url_prefix="/registers")

BODY = BIGGEST + 2**20  # of an upload: the file, and the form around it


@bp.url_value_preprocessor
def larger(endpoint: str | None, _values: object) -> None:
    """Let a statement be larger than other forms, before anything of it is read."""
    if (endpoint or "").endswith("registers.load"):
        request.max_content_length = BODY
