"""The blueprint of ranks and rights holders."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("ranks", __name__, url_prefix="/ranks")
