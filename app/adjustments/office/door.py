"""The blueprint that both parts of the door share."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("adjustments", __name__, url_prefix="/adjustments")
