from datetime import date

import pytest

from donors.people import Person
from events.registrations.input import (
    InvalidInput,
    problem,
    read_change,
    read_email,
    read_registration,
)
from events.registrations.services.change import Change
from events.registrations.services.register import Wishes
from tests.factories import DriveFactory, UnitFactory

TYPED = {
    "slot": "abc",
    "full_name": "  nguyễn văn  an ",
    "phone": "0912 345 678",
    "birth_year": "1997",
    "email": " An@EXAMPLE.com ",
    "consents": ["reminders", "registration"],
}


@pytest.mark.django_db
def test_read_registration_gives_clean_values():
    drive = DriveFactory()
    below = UnitFactory(parent=drive.unit, slug="phong-ky-thuat")

    asked = read_registration(TYPED | {"unit": below.slug}, drive=drive, language="en")

    assert asked.slot_id == "abc"
    assert asked.person == Person(full_name="nguyễn văn an", phone="+84912345678", birth_year=1997)
    assert asked.wishes == Wishes(
        email="An@example.com",
        unit=below,
        language="en",
        consents=("registration", "reminders"),
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "problems"),
    [
        ({"full_name": ""}, [("full_name", "required")]),
        ({"full_name": "A" * 101}, [("full_name", "too_long")]),
        ({"full_name": "123"}, [("full_name", "no_letter")]),
        ({"full_name": "An\u202eBình"}, [("full_name", "bad_character")]),
        ({"full_name": ["An"]}, [("full_name", "invalid")]),
        ({"phone": None}, [("phone", "required")]),
        ({"phone": "0912 000 48"}, [("phone", "invalid_phone")]),
        ({"birth_year": ""}, [("birth_year", "required")]),
        ({"birth_year": "97"}, [("birth_year", "invalid_year")]),
        ({"birth_year": True}, [("birth_year", "invalid")]),
        ({"birth_year": 1997.5}, [("birth_year", "invalid")]),
        ({"birth_year": 0}, [("birth_year", "invalid_year")]),
        ({"date_of_birth": "1997-02-30"}, [("date_of_birth", "invalid_date")]),
        ({"date_of_birth": "1998-02-03"}, [("birth_year", "invalid_year")]),
        ({"sex": "other"}, [("sex", "invalid")]),
        ({"email": "an@"}, [("email", "invalid_email")]),
        ({"email": "an@example.com\nBcc: x@example.com"}, [("email", "invalid_email")]),
        ({"unit": "nobody-knows-it"}, [("unit", "unknown_unit")]),
        ({"unit": "a\0b"}, [("unit", "unknown_unit")]),
        ({"language": "fr"}, [("language", "invalid")]),
        ({"consents": []}, [("consents", "consent_required")]),
        ({"consents": None}, [("consents", "consent_required")]),
        ({"consents": "registration"}, [("consents", "invalid")]),
        ({"consents": ["registration", "spam"]}, [("consents", "invalid")]),
        ({"screening": {"rules_version": ""}}, [("screening", "invalid")]),
        ({"join_waitlist": "perhaps"}, [("join_waitlist", "invalid")]),
        ({"slot": ""}, [("slot", "required")]),
        (
            {"full_name": "", "phone": "", "consents": None},
            [("full_name", "required"), ("phone", "required"), ("consents", "consent_required")],
        ),
    ],
)
def test_read_registration_names_each_wrong_field(changed, problems):
    drive = DriveFactory()

    with pytest.raises(InvalidInput) as refused:
        read_registration(TYPED | changed, drive=drive, language="vi")

    assert [(p.field, p.code) for p in refused.value.problems] == problems
    assert all(str(p.message) for p in refused.value.problems)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("birth", "problem_of_age"),
    [
        ({"birth_year": "2012"}, ("birth_year", "too_young")),
        ({"birth_year": "1950"}, ("birth_year", "too_old")),
        ({"date_of_birth": "2012-03-24"}, ("date_of_birth", "too_young")),
    ],
)
def test_read_registration_tells_of_the_age_with_whatever_else_is_wrong(birth, problem_of_age):
    typed = TYPED | {"birth_year": "", "phone": "0912"} | birth

    with pytest.raises(InvalidInput) as refusal:
        read_registration(typed, drive=DriveFactory(), language="vi")

    found = [(problem.field, problem.code) for problem in refusal.value.problems]
    assert found == [("phone", "invalid_phone"), problem_of_age]


@pytest.mark.django_db
def test_read_registration_refuses_a_unit_of_another_union():
    drive, stranger = DriveFactory(), UnitFactory()

    with pytest.raises(InvalidInput) as refused:
        read_registration(TYPED | {"unit": stranger.slug}, drive=drive, language="vi")

    assert [(p.field, p.code) for p in refused.value.problems] == [("unit", "unknown_unit")]


@pytest.mark.django_db
def test_read_registration_takes_units_beside_the_drives_own_in_one_query(
    django_assert_num_queries,
):
    root = UnitFactory()
    drive = DriveFactory(unit=UnitFactory(parent=root))
    sister = UnitFactory(parent=UnitFactory(parent=root))

    with django_assert_num_queries(1):
        asked = read_registration(TYPED | {"unit": sister.slug}, drive=drive, language="vi")

    assert asked.wishes.unit == sister


@pytest.mark.django_db
def test_read_registration_takes_the_whole_date_of_birth():
    asked = read_registration(
        TYPED | {"date_of_birth": "1997-03-24"}, drive=DriveFactory(), language="vi"
    )

    assert (asked.person.birth_year, asked.person.date_of_birth) == (1997, date(1997, 3, 24))


@pytest.mark.django_db
def test_attempt_of_the_same_wishes_spelled_differently_is_the_same():
    drive = DriveFactory()
    one = read_registration(TYPED, drive=drive, language="vi")
    same = read_registration(
        TYPED | {"phone": "+84912345678", "birth_year": 1997, "full_name": "nguyễn văn an"},
        drive=drive,
        language="en",
    )
    other = read_registration(TYPED | {"email": ""}, drive=drive, language="vi")

    hashes = [asked.attempt(route="x", key=None).body_hash for asked in (one, same, other)]

    assert hashes[0] == hashes[1] != hashes[2]


def test_read_change_leaves_alone_what_is_not_given():
    assert read_change({}) == Change()
    assert read_change({"email": ""}) == Change(email="")
    assert read_change({"phone": "0912345678", "consents": ["registration"]}) == Change(
        phone="+84912345678", consents=("registration",)
    )


def test_read_change_refuses_to_take_the_consent_that_the_place_rests_on():
    with pytest.raises(InvalidInput) as refused:
        read_change({"consents": [], "phone": None})

    assert refused.value.problems == [
        problem("phone", "required"),
        problem("consents", "consent_required"),
    ]


@pytest.mark.parametrize("address", ["an@example.com", "an+hien.mau@sub.example.com", ""])
def test_read_email_takes_usual_addresses(address):
    assert read_email(address) == address
