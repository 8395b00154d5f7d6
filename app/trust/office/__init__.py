"""The back office: the fraud desk, blocks, disputes."""

from app.trust.office import blocks, desk, disputes, policy
from app.trust.office.door import bp

__all__ = ["blocks", "bp", "desk", "disputes", "policy"]
