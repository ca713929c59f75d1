"""No English sentence of the API framework reaches somebody who reads Vietnamese."""

from typing import Any

import pytest
from django.utils import translation
from rest_framework import fields, serializers

from backend.framework_words import SENTENCES

KINDS = [
    fields.CharField,
    fields.ChoiceField,
    fields.MultipleChoiceField,
    fields.IntegerField,
    fields.BooleanField,
    fields.DateField,
    fields.DateTimeField,
    fields.TimeField,
    fields.EmailField,
    fields.UUIDField,
    fields.ListField,
    fields.URLField,
    fields.DictField,
    serializers.Serializer,
    serializers.ListSerializer,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_errors_of_a_field_are_translated(kind: Any):
    for sentence in kind.default_error_messages.values():
        with translation.override("en"):
            english = str(sentence)
        with translation.override("vi"):
            assert str(sentence) != english


def test_sentences_keep_their_places():
    for english in SENTENCES:
        with translation.override("vi"):
            vietnamese = translation.gettext(english)
        names = {part.split("}")[0] for part in english.split("{")[1:]}
        assert {part.split("}")[0] for part in vietnamese.split("{")[1:]} == names
