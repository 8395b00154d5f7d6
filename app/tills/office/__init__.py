"""The back office: the cashier's page, and the tills."""

from app.tills.office import desk, places
from app.tills.office.door import bp

__all__ = ["bp", "desk", "places"]
