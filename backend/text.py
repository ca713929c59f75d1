"""How text is kept, and compared where accents, case and spaces do not matter. Pure, a leaf."""

import unicodedata

# Ð (eth) is what old fonts and keyboards give for Đ.
_PLAIN_D = str.maketrans("ĐđÐð", "dddd")


def fold(text: str) -> str:
    """Give ``text`` without accents, case and surplus spaces: "Đỗ  Hoà" becomes "do hoa"."""
    plain = _without_marks(text).translate(_PLAIN_D).casefold()
    # Case folding can bring marks of its own ("İ").
    return " ".join(_without_marks(plain).split())


def one_line(text: str) -> str:
    """Give one line of text as it is kept: NFC, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(c for c in decomposed if unicodedata.category(c)[0] != "M")
