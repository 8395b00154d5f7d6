"""The back office: what is owed to whom, and the wallet from which a partner is paid."""

from __future__ import annotations

from app.wallet.office import purse, statistics
from app.wallet.office.lists import bp

__all__ = ["bp", "purse", "statistics"]
