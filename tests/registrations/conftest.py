"""What most tests of registrations start from."""

from __future__ import annotations

import pytest

from events.drives.models import Drive
from tests.factories import DriveFactory


@pytest.fixture
def drive(db: None) -> Drive:
    """Make a published drive of three times with two places each."""
    return DriveFactory(slots=3, slots__capacity=2)
