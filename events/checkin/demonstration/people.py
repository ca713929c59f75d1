"""Made-up people: names, birth years and phones as people type them. Pure, by one seed."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

FAMILY_NAMES = (
    ["Nguyễn"] * 12
    + ["Trần"] * 5
    + ["Lê"] * 4
    + ["Phạm"] * 3
    + ["Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý"]
    + ["Đoàn", "Trịnh", "Đinh", "Lương", "Mai", "Tạ", "Kiều", "Cao", "Phùng", "Quách", "Tô"]
)
MIDDLE_MEN = ["Văn", "Văn", "Hữu", "Đức", "Minh", "Quang", "Anh", "Gia", "Trọng", "Thế", "Xuân"]
MIDDLE_WOMEN = ["Thị", "Thị", "Thị", "Ngọc", "Thu", "Phương", "Khánh", "Mỹ", "Thanh", "Kim", "Bảo"]
GIVEN_MEN = [
    *["An", "Bình", "Cường", "Dũng", "Đạt", "Hải", "Hiếu", "Hoà", "Hòa", "Hùng", "Huy", "Khoa"],
    *["Kiên", "Lâm", "Long", "Nam", "Nghĩa", "Phong", "Phúc", "Quân", "Sơn", "Tài", "Thắng"],
    *["Thịnh", "Tiến", "Toàn", "Trung", "Tú", "Tuấn", "Tùng", "Việt", "Vinh", "Vỹ", "Ước"],
]
GIVEN_WOMEN = [
    *["Ánh", "Châu", "Chi", "Diệp", "Dung", "Duyên", "Giang", "Hà", "Hạnh", "Hằng", "Hiền"],
    *["Hoa", "Hồng", "Huệ", "Hương", "Lan", "Linh", "Ly", "Mai", "My", "Nga", "Ngân", "Nhung"],
    *["Oanh", "Phương", "Quỳnh", "Tâm", "Thảo", "Thuỷ", "Thủy", "Thúy", "Trang", "Vân", "Yến"],
]
# Names that break what a program takes for granted.
UNUSUAL_NAMES = [
    "Nguyễn Hoàng Phương Thảo Nguyên",
    "Lò Văn Pành",
    "Y Bla",
    "H'Hen Niê Kđăm",
    "Sùng A Páo",
    "Đỗ Ngô Thị Ẩm Ỷ",
    "Thương",
    "Tôn Nữ Công Huyền Diệu Ngọc",
    "K'Brỗi",
    "Chế Linh Đa",
]
DOMAINS = ["congthuong.invalid", "thu.invalid", "nhamay.invalid", "truong.invalid"]


@dataclass(frozen=True, kw_only=True)
class MadeUpPerson:
    """A person as they would type themselves into the form."""

    full_name: str
    phone: str
    birth_year: int
    sex: str
    email: str


def made_up_people(seed: int) -> Iterator[MadeUpPerson]:
    """Yield people without end; the same seed yields the same ones, each with another phone."""
    chance = random.Random(seed)  # noqa: S311 - made-up people need no secret chance
    number = 0
    while True:
        sex = chance.choice(["female", "male"])
        name = _name(chance, sex)
        plain = _ascii(name).lower().split()
        email = ""
        if chance.random() < 0.8:
            local = f"{plain[-1]}.{plain[0]}{number}".replace("'", "")
            email = f"{local}@{chance.choice(DOMAINS)}"
        yield MadeUpPerson(
            full_name=_as_typed(chance, name),
            phone=_phone(chance, number),
            birth_year=chance.choice([*range(1968, 2006), *range(1988, 2004)]),
            sex=sex,
            email=email,
        )
        number += 1


def _name(chance: random.Random, sex: str) -> str:
    if chance.random() < 0.04:
        return chance.choice(UNUSUAL_NAMES)
    women = sex == "female"
    words = [chance.choice(FAMILY_NAMES), chance.choice(MIDDLE_WOMEN if women else MIDDLE_MEN)]
    if chance.random() < 0.25:
        words.append(chance.choice(MIDDLE_WOMEN[3:] if women else MIDDLE_MEN[2:]))
    return " ".join([*words, chance.choice(GIVEN_WOMEN if women else GIVEN_MEN)])


def _as_typed(chance: random.Random, name: str) -> str:
    """Return the name in one of the spellings that phones and people produce."""
    kind = chance.random()
    if kind < 0.05:
        return _ascii(name)
    if kind < 0.10:
        return name.upper()
    if kind < 0.14:
        return name.lower()
    if kind < 0.24:
        return unicodedata.normalize("NFD", name)
    if kind < 0.28:
        return f"  {name.replace(' ', '  ')} "
    return name


def _phone(chance: random.Random, number: int) -> str:
    """Return a made-up mobile number: 0912 000 and 0938 000 are kept for examples here."""
    prefix = ["912000", "938000", "326000", "776000", "589000"][number // 1000 % 5]
    digits = f"{prefix}{number % 1000:03}"
    spelling = chance.choice(
        ["0{}", "0{}", "0{}", "+84{}", "84{}", "0084{}", "0{0:.4}", "+84 {}", "spaced", "dotted"]
    )
    if spelling == "spaced":
        return f"0{digits[:3]} {digits[3:6]} {digits[6:]}"
    if spelling in ("dotted", "0{0:.4}"):
        return f"0{digits[:3]}.{digits[3:6]}.{digits[6:]}"
    return spelling.format(digits)


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in plain if not unicodedata.combining(c))
