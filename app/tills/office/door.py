"""The door on which the pages of tills hang."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("tills", __name__, url_prefix="/till")
