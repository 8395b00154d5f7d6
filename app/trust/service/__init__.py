"""Decide on deals, block partners, settle disputes."""

from app.trust.service.decisions import decide, undo

__all__ = ["decide", "undo"]
