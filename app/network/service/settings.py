"""What partners see of those whom they have brought."""

from __future__ import annotations

from app.tenants import service as tenants


def mask_referred(*, on: bool) -> bool:
    """Hide names and codes of referred partners in their sponsors' cabinets, or show them. False: so it was."""
    return bool(tenants.change_settings({"mask_referred": on}))
