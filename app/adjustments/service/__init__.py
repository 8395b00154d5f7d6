"""Staff's own word about money: entries on balances, and what one order earns."""

from app.adjustments.service.deals import override
from app.adjustments.service.entries import adjust, book, refuse, standings, undo, undo_batch

__all__ = ["adjust", "book", "override", "refuse", "standings", "undo", "undo_batch"]
