"""The back office: connected shops, how they are connected, and what they sent."""

from app.intake.office import connecting, own
from app.intake.office.pages import bp

__all__ = ["bp", "connecting", "own"]
