import base64
from datetime import timedelta

import pytest

from events.registrations.tokens import manage_token, registration_of
from tests.factories import NOW, RegistrationFactory

pytestmark = pytest.mark.django_db


def test_a_token_opens_its_registration_and_no_other():
    one, other = RegistrationFactory(), RegistrationFactory()

    assert registration_of(manage_token(one), now=NOW) == one
    assert registration_of(manage_token(other), now=NOW) == other


def test_a_token_is_the_same_each_time_and_holds_128_bits_that_nobody_can_guess():
    held = RegistrationFactory()
    raw = base64.urlsafe_b64decode(manage_token(held))

    assert manage_token(held) == manage_token(held)
    assert raw[:8].hex() == held.public_id
    assert len(raw[8:]) == 16


def test_no_altered_token_opens_anything():
    held, other = RegistrationFactory(), RegistrationFactory()
    raw = bytearray(base64.urlsafe_b64decode(manage_token(held)))

    for at in range(len(raw)):
        for bit in (1, 128):
            altered = bytearray(raw)
            altered[at] ^= bit
            token = base64.urlsafe_b64encode(altered).decode()
            assert registration_of(token, now=NOW) is None
    swapped = bytes.fromhex(other.public_id) + bytes(raw[8:])
    assert registration_of(base64.urlsafe_b64encode(swapped).decode(), now=NOW) is None


@pytest.mark.parametrize("token", ["", "x", "é" * 32, "A" * 32, "A" * 31 + "=", "A" * 10_000, "\0"])
def test_what_is_no_token_opens_nothing(token):
    RegistrationFactory()

    assert registration_of(token, now=NOW) is None


def test_a_token_ends_thirty_days_after_the_drive():
    held = RegistrationFactory()
    last = held.drive.ends_at + timedelta(days=30)

    assert registration_of(manage_token(held), now=last) == held
    assert registration_of(manage_token(held), now=last + timedelta(seconds=1)) is None


def test_raising_the_version_ends_the_links_made_before():
    held = RegistrationFactory()
    before = manage_token(held)

    held.token_version += 1
    held.save()

    assert registration_of(before, now=NOW) is None
    assert registration_of(manage_token(held), now=NOW) == held


def test_a_token_of_an_erased_registration_opens_nothing():
    held = RegistrationFactory(erased_at=NOW)

    assert registration_of(manage_token(held), now=NOW) is None


def test_a_token_made_with_an_older_key_still_opens(settings):
    held = RegistrationFactory()
    before = manage_token(held)

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "newer" * 20

    assert manage_token(held) != before
    assert registration_of(before, now=NOW) == held
