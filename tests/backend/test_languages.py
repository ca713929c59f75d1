import pytest

from backend.languages import wanted_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("en-US,en;q=0.9", "en"),
        ("en-US,en;q=0.9,vi;q=0.1", "vi"),  # knows Vietnamese
        ("fr-FR,fr", "vi"),
        ("ja,en;q=0.5", "en"),
        ("*", "vi"),
        ("x" * 600, "vi"),
    ],
)
def test_wanted_language_is_english_only_where_vietnamese_is_not_asked_for(header, language):
    assert wanted_language(header) == language


@pytest.mark.django_db
def test_lang_in_the_address_chooses_and_is_remembered(client):
    chosen = client.get("/nowhere/?lang=en", headers={"Accept-Language": "vi"})
    later = client.get("/nowhere/", headers={"Accept-Language": "vi"})

    assert [answer.headers["Content-Language"] for answer in (chosen, later)] == ["en", "en"]
    cookie = client.cookies["language"]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("en", True, "Lax")


@pytest.mark.django_db
def test_an_unknown_lang_is_not_remembered(client):
    answer = client.get("/nowhere/?lang=xx")

    assert (answer.headers["Content-Language"], dict(client.cookies)) == ("vi", {})
