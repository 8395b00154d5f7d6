"""The back office: what changes would do to older orders, drafts of terms, and their publication."""

from __future__ import annotations

from app.reruns.office import drafts
from app.reruns.office.runs import bp

__all__ = ["bp", "drafts"]
