"""The routes of orders in the back office."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("orders", __name__, url_prefix="/orders")
HAND = "hand-"  # begins the ids of orders that staff made
