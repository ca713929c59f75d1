from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError

from backend.errors import DomainError, refuse_duplicate


def create(model: Any) -> ContentType:
    return ContentType.objects.create(app_label="tests", model=model)


@pytest.mark.django_db
def test_refuse_duplicate_turns_a_unique_violation_into_the_refusal_and_keeps_the_transaction():
    create("one")

    with pytest.raises(DomainError) as refusal, refuse_duplicate(DomainError("taken", "Taken.")):
        create("one")

    assert (refusal.value.code, str(refusal.value)) == ("taken", "Taken.")
    assert ContentType.objects.filter(app_label="tests").count() == 1


@pytest.mark.django_db
def test_refuse_duplicate_lets_other_violations_through():
    with pytest.raises(IntegrityError), refuse_duplicate(DomainError("taken", "Taken.")):
        create(None)


def test_domain_error_keeps_what_the_answer_says_beside_the_code():
    error = DomainError("slot_full", "Full.", alternatives=[1])

    assert error.extra == {"alternatives": [1]}
