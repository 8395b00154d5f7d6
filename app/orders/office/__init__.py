"""The back office: orders listed and shown, made by hand, and given to partners by staff."""

from app.orders.office import making, partner
from app.orders.office.door import bp
from app.orders.office.lists import COLUMNS, STATES

__all__ = ["COLUMNS", "STATES", "bp", "making", "partner"]
