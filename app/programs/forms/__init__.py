"""What is typed and told of terms: forms, and terms in plain sentences."""

from __future__ import annotations

from app.programs.forms.fields import (
    ByBuyerField,
    CampaignForm,
    DomainForm,
    GroupForm,
    LevelsForm,
    TermsForm,
    levels_field,
    shown,
)
from app.programs.forms.summary import Summary, announced, summary, written_out

__all__ = [
    "ByBuyerField",
    "CampaignForm",
    "DomainForm",
    "GroupForm",
    "LevelsForm",
    "Summary",
    "TermsForm",
    "announced",
    "levels_field",
    "shown",
    "summary",
    "written_out",
]
