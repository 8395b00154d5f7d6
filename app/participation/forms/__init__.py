"""Forms of participation: the visitor's, the merchant's building blocks, the filter of customers."""

from __future__ import annotations

from app.participation.forms.building import (
    AnswersForm,
    ConsentForm,
    EntryForm,
    LinkForm,
    PageForm,
    PictureForm,
    QuestionForm,
    answers_form,
    consent_form,
    page_form,
    question_form,
)
from app.participation.forms.converting import ConvertForm
from app.participation.forms.joining import JoinForm, form_now, join_form

__all__ = [
    "AnswersForm",
    "ConsentForm",
    "ConvertForm",
    "EntryForm",
    "JoinForm",
    "LinkForm",
    "PageForm",
    "PictureForm",
    "QuestionForm",
    "answers_form",
    "consent_form",
    "form_now",
    "join_form",
    "page_form",
    "question_form",
]
