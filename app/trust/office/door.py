"""The blueprint that all parts of the door share."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("trust", __name__, url_prefix="/trust")
