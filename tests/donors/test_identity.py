from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donors.identity import (
    NAME_KEY_LENGTH,
    CitizenCard,
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
    read_citizen_card,
    same_person_key,
    same_spelling,
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Nguyễn   Văn\u00a0An ", "Nguyễn Văn An"),
        ("Nguye\u0302\u0303n Va\u0306n An", "Nguyễn Văn An"),  # decomposed, as macOS gives it
        ("An\n", "An"),
        ("\ufeffTrần\u200b Thị Bình\u00ad", "Trần Thị Bình"),
        ("H'Hen Niê", "H'Hen Niê"),
        ("Y-Bham Êban", "Y-Bham Êban"),
        ("Ñ", "Ñ"),
        ("Nguyễn Văn An 2", "Nguyễn Văn An 2"),
        ("王小明", "王小明"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("An \u200d", "An"),
        ("B" * 100, "B" * 100),
        ("An 😀", "An 😀"),
    ],
)
def test_clean_name_keeps_real_names_and_tidies_them(typed, kept):
    assert clean_name(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "blank"),
        (" \u200b\u3000", "blank"),
        ("\u3164", "blank"),
        ("B" * 101, "too_long"),
        ("B" * 1_000_000, "too_long"),
        ("12345", "no_letter"),
        ("😀", "no_letter"),
        ("...", "no_letter"),
        ("An\x00", "bad_character"),
        ("An\nBình", "bad_character"),
        ("An\tBình", "bad_character"),
        ("An\x7fBình", "bad_character"),
        ("\u202eAn", "bad_character"),
        ("An\u200f Bình", "bad_character"),
        ("An\u2066 Bình", "bad_character"),
        ("An\ud800", "bad_character"),
    ],
)
def test_clean_name_refuses_with_a_stable_code(typed, code):
    with pytest.raises(InvalidIdentity) as refusal:
        clean_name(typed)

    assert refusal.value.code == code


@given(st.text(max_size=120))
def test_clean_name_of_a_clean_name_changes_nothing(text):
    try:
        name = clean_name(text)
    except InvalidIdentity:
        return

    assert clean_name(name) == name
    assert len(name_search(name)) <= NAME_KEY_LENGTH
    assert len(name_sort(name)) <= NAME_KEY_LENGTH


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Nguyễn Văn Đức", "nguyen van duc"),
        ("NGUYỄN  VĂN ĐỨC", "nguyen van duc"),
        ("Lê Hòa", "le hoa"),
        ("Lê Hoà", "le hoa"),
        ("Phạm Thúy Ưng", "pham thuy ung"),
        ("Ðặng Thị Ơ", "dang thi o"),  # eth instead of Đ
        ("Straße İpek", "strasse ipek"),
    ],
)
def test_name_search_knows_no_accents_case_and_spaces(name, found):
    assert name_search(name) == found


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
    assert phone_last4("+84912340483") == "0483"


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


CHIP_CARD = "001190012345|012345678|Nguyễn Thị An|02011990|Nữ|Số 1, Hà Nội|01022022"


@pytest.mark.parametrize(
    "text",
    [
        CHIP_CARD,
        "\ufeff" + CHIP_CARD + "\r\n",
        CHIP_CARD.replace("012345678", ""),
        CHIP_CARD + "|001190099999|Lê Thị B|Nguyễn Văn C",  # more fields: a newer card
        CHIP_CARD.replace("012345678", "001190000001"),  # a number that was cancelled
    ],
)
def test_read_citizen_card_takes_four_things_and_drops_the_rest(text):
    assert read_citizen_card(text) == CitizenCard(
        number="001190012345", name="Nguyễn Thị An", born_on=date(1990, 1, 2), sex="female"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HTTPS://GH.EXAMPLE/T/AAAA",
        CHIP_CARD.replace("001190012345", "00119001234"),
        CHIP_CARD.replace("02011990", "31021990"),
        CHIP_CARD.replace("02011990", "1990"),  # the date of issue is not the birthday
        "|".join(CHIP_CARD.split("|")[:5]),
        "BEGIN:VCARD\nFN:An\nEND:VCARD",
        "|" * 1999,
        CHIP_CARD * 100,
    ],
)
def test_read_citizen_card_gives_none_for_anything_else(text):
    assert read_citizen_card(text) is None


@given(st.text(max_size=300) | st.lists(st.sampled_from([*CHIP_CARD.split("|"), ""])).map("|".join))
def test_read_citizen_card_never_raises(text):
    read_citizen_card(text)
