import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donors.identity import (
    NAME_KEY_LENGTH,
    InvalidIdentity,
    certainly_too_old,
    certainly_too_young,
    clean_name,
    format_phone,
    mask_phone,
    name_search,
    name_sort,
    parse_phone,
    phone_last4,
    same_person_key,
    same_spelling,
)

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "identity.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", VECTORS["names"], ids=lambda case: ascii(case["typed"][:30]))
def test_clean_name_tidies_or_refuses_as_the_vectors(case):
    try:
        result = {"name": clean_name(case["typed"])}
    except InvalidIdentity as refusal:
        result = {"refused": refusal.code}

    assert result == {key: case[key] for key in case if key != "typed"}


def test_clean_name_refuses_half_a_character():
    with pytest.raises(InvalidIdentity) as refusal:
        clean_name("An\ud800")

    assert refusal.value.code == "bad_character"


def test_clean_name_refuses_a_million_letters_at_once():
    with pytest.raises(InvalidIdentity) as refusal:
        clean_name("B" * 1_000_000)

    assert refusal.value.code == "too_long"


@given(st.text(max_size=120))
def test_clean_name_of_a_clean_name_changes_nothing(text):
    try:
        name = clean_name(text)
    except InvalidIdentity:
        return

    assert clean_name(name) == name
    assert len(name_search(name)) <= NAME_KEY_LENGTH
    assert len(name_sort(name)) <= NAME_KEY_LENGTH


@pytest.mark.parametrize("name", ["ﬃ" * 100, "王" * 100, "한" * 100])
def test_keys_of_any_name_fit_their_columns(name):
    assert clean_name(name) == name

    assert max(len(name_search(name)), len(name_sort(name))) <= NAME_KEY_LENGTH


@pytest.mark.parametrize("case", VECTORS["searches"], ids=lambda case: ascii(case["name"]))
def test_name_search_knows_no_accents_case_and_spaces(case):
    assert name_search(case["name"]) == case["search"]


@given(st.text(max_size=100))
def test_name_search_is_stable(text):
    once = name_search(text)

    assert name_search(once) == once


# In the right order: by given name, then family name, then middle; letters before tones.
ORDERED_NAMES = [
    "An",
    "Lê An",
    "Nguyễn An",
    "Nguyễn Ái An",
    "Nguyễn Văn An",
    "Nguyễn Văn Bảo An",
    "Phạm Anh",
    "Phạm Ánh",
    "Đỗ Ăn",
    "Trần Ân",
    "Bùi Ẩn",
    "Lê Ba",
    "Lê Bà",
    "Lê Bả",
    "Lê Bã",
    "Lê Bá",
    "Lê Bạ",
    "Bùi Dung",
    "Lò Dung",
    "Lò Dũng",
    "Lò Dụng",
    "Lò Duy",
    "Dương Đình",
    "Đặng Đình",
    "Lê Đức",
    "Lê Hòa",
    "Lê Ngô",
    "Lê Tú",
    "Lê Tuấn",
    "Lê Tùng",
    "Lê Tường",
    "Lê Xuân",
    "Lê Yến",
    "小明 王",
]


def test_name_sort_orders_as_in_vietnam():
    names = ORDERED_NAMES[::-1]

    names.sort(key=name_sort)

    assert names == ORDERED_NAMES


def test_name_sort_gives_both_places_of_a_tone_and_eth_the_same_key():
    assert name_sort("Lê Hòa") == name_sort("lê hoà")
    assert name_sort("Ðặng An") == name_sort("Đặng An")


@given(st.text(max_size=100))
def test_name_sort_is_digits_only(text):
    key = name_sort(text)

    assert key == "" or (key.isascii() and key.isdigit())


@pytest.mark.parametrize(
    "typed",
    [
        "0912345678",
        "0912 345 678",
        "0912.345.678",
        "0912-345-678",
        " (0912) 345678 ",
        "+84912345678",
        "+84 912 345 678",
        "+84 (0)912 345 678",
        "84912345678",
        "84 912.345.678",
        "0084 912 345 678",
        "０９１２３４５６７８",
        "＋８４９１２３４５６７８",
        "\u202a0912\u00a0345\u00a0678\u202c",
    ],
)
def test_parse_phone_reads_every_usual_spelling(typed):
    assert parse_phone(typed) == "+84912345678"


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("0522345678", "+84522345678"),
        ("0892345678", "+84892345678"),  # allocated, unknown to phonenumbers
        ("0322345678", "+84322345678"),
        ("+81 90-1234-5678", "+819012345678"),
        ("+1 650 253 0000", "+16502530000"),
    ],
)
def test_parse_phone_takes_all_mobiles_and_international_numbers(typed, phone):
    assert parse_phone(typed) == phone


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "blank"),
        (" - ", "blank"),
        ("0950123456", "invalid_phone"),  # 095 was never allocated
        ("0302345678", "invalid_phone"),
        ("01681234567", "invalid_phone"),  # eleven digits: gone since 2018
        ("02438221234", "invalid_phone"),
        ("+842438221234", "invalid_phone"),
        ("+84950123456", "invalid_phone"),
        ("091234567", "invalid_phone"),
        ("09123456789", "invalid_phone"),
        ("912345678", "invalid_phone"),
        ("16502530000", "invalid_phone"),
        ("+999123456789", "invalid_phone"),
        ("0912345678 (Zalo)", "invalid_phone"),
        ("an@example.com", "invalid_phone"),
        ("0912345678\x00", "invalid_phone"),
        ("++84912345678", "invalid_phone"),
        ("9" * 4000, "invalid_phone"),
        ("\ud800", "invalid_phone"),
    ],
)
def test_parse_phone_refuses_what_is_no_mobile(typed, code):
    with pytest.raises(InvalidIdentity) as refusal:
        parse_phone(typed)

    assert refusal.value.code == code


@pytest.mark.parametrize("case", VECTORS["typed_phones"], ids=lambda case: ascii(case["typed"]))
def test_parse_phone_agrees_with_the_devices(case):
    try:
        parse_phone(case["typed"])
    except InvalidIdentity:
        assert not case["is_phone"]
    else:
        assert case["is_phone"]


@given(st.text(max_size=60) | st.text(alphabet="+0123456789 .", max_size=20))
def test_parse_phone_gives_e164_or_refuses(text):
    try:
        phone = parse_phone(text)
    except InvalidIdentity:
        return

    assert parse_phone(phone) == phone
    assert parse_phone(format_phone(phone)) == phone


def test_phones_are_shown_as_people_write_them():
    assert format_phone("+84912340483") == "0912 340 483"
    assert format_phone("+84912340483", space="\u00a0") == "0912\u00a0340\u00a0483"
    assert format_phone("+819012345678") == "+81 90-1234-5678"
    assert mask_phone("+84912340483") == "•••• 0483"
    assert mask_phone("") == ""


@pytest.mark.parametrize("case", VECTORS["phones"])
def test_phone_last4_gives_four_digits_at_most(case):
    assert phone_last4(case["phone"]) == case["last4"]


@pytest.mark.parametrize(
    ("birth", "on", "young", "old"),
    [
        (2008, date(2026, 1, 1), False, False),  # may turn 18 on that very day
        (2009, date(2026, 12, 31), True, False),
        (1965, date(2026, 12, 30), False, False),  # may still be 60 tomorrow
        (1965, date(2026, 12, 31), False, True),
        (1964, date(2026, 1, 1), False, True),
        (date(2008, 6, 2), date(2026, 6, 1), True, False),
        (date(2008, 6, 1), date(2026, 6, 1), False, False),
        (date(1965, 6, 2), date(2026, 6, 1), False, False),
        (date(1965, 6, 1), date(2026, 6, 1), False, True),
        (date(2008, 2, 29), date(2026, 3, 1), False, False),
    ],
)
def test_age_is_refused_only_where_it_is_certain(birth, on, young, old):
    assert certainly_too_young(birth, on) is young
    assert certainly_too_old(birth, on) is old


def test_same_person_key_knows_no_accents_case_and_spaces():
    an = same_person_key("+84912000001", "Nguyễn Văn An", 1990)

    assert an == same_person_key("+84912000001", "NGUYEN VĂNAN", 1990)
    assert an != same_person_key("+84912000002", "Nguyễn Văn An", 1990)
    assert an != same_person_key("+84912000001", "Nguyễn Văn Anh", 1990)
    assert an != same_person_key("+84912000001", "Nguyễn Văn An", 1991)


def test_same_spelling_tells_accents_apart_but_not_where_the_tone_stands():
    assert same_spelling("Lê Thị Hòa", "LÊ  THỊ HOÀ")
    assert not same_spelling("Lê Thị Hòa", "Lê Thị Hoa")
    assert not same_spelling("Nguyễn An", "Nguyên Ãn")
    assert not same_spelling("Lê Dung", "Lê Đung")
