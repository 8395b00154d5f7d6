"""The back office: the cashier's page, and the tills."""

from app.tills.office import desk, places  # noqa: F401 - they hang their routes on the door
from app.tills.office.door import bp

__all__ = ["bp"]
