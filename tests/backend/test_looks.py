"""The looks: spelled dates, icons, forms, components, and the rules that every template keeps."""

import gzip
import re
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.template.loader import render_to_string
from django.urls import include, path
from django.utils import timezone, translation

import backend.urls
from backend import formats, kit
from backend.templatetags import looks

urlpatterns = [path("kit/", include(kit)), path("", include(backend.urls))]

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
# Mail programs know nothing but inline styles.
PAGE_TEMPLATES = [
    file
    for file in TEMPLATES
    if "mail" not in file.name and not {"mail", "notifications"} & set(file.parts)
]
PAGES = sorted(file.stem for file in (settings.BASE_DIR / "templates/kit").glob("*.html"))
SATURDAY, SUNDAY = date(2026, 12, 5), date(2026, 12, 13)


def render(source, **context):
    return Template("{% load looks %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("spell", "vietnamese", "english"),
    [
        (formats.full_date, "Thứ\xa0Bảy, 05/12/2026", "Saturday, 5\xa0December 2026"),
        (formats.near_date, "thứ\xa0Bảy 05/12", "Saturday 5\xa0December"),
        (formats.short_date, "05/12", "5\xa0Dec"),
        (formats.numeric_date, "05/12/2026", "5\xa0Dec 2026"),
        (formats.weekday, "Thứ\xa0Bảy", "Saturday"),
    ],
)
def test_dates_are_spelled_in_both_languages(spell, vietnamese, english):
    with translation.override("vi"):
        assert spell(SATURDAY) == vietnamese
    with translation.override("en"):
        assert spell(SATURDAY) == english


def test_sunday_has_its_own_name_and_no_number():
    with translation.override("vi"):
        spelled = (formats.full_date(SUNDAY), formats.near_date(SUNDAY))

    assert spelled == ("Chủ\xa0nhật, 13/12/2026", "chủ\xa0nhật 13/12")


def test_hours_keep_their_zeros_and_a_dash():
    assert formats.hours(time(7), time(11, 30)) == "07:00–11:30"


@pytest.mark.parametrize(
    ("language", "spelled"), [("vi", ["1.124", "10,9"]), ("en", ["1,124", "10.9"])]
)
def test_count_uses_the_separators_of_the_language(language, spelled):
    with translation.override(language):
        assert [formats.count(1124), formats.count(10.9, 1)] == spelled


def test_clock_shows_a_moment_in_the_active_zone():
    with timezone.override("Asia/Ho_Chi_Minh"):
        shown = render("{{ at|clock }}", at=datetime(2026, 12, 5, 1, 30, tzinfo=UTC))

    assert shown == "08:30"


@pytest.mark.parametrize(
    ("value", "whole", "share"),
    [(1, 3, "33.33%"), (0, 3, "0%"), (None, 3, "0%"), (4, 0, "0%"), (9, 3, "100.00%")],
)
def test_share_is_a_length_that_no_language_changes(value, whole, share):
    with translation.override("vi"):
        assert render("{{ value|share:whole }}", value=value, whole=whole) == share


@pytest.mark.parametrize(("left", "whole", "expected"), [(5, None, True), (6, None, False)])
def test_few_places_are_five_or_fewer(left, whole, expected):
    assert looks.few(left, whole) is expected


def test_few_of_a_whole_is_under_a_tenth():
    assert [looks.few(5, 60), looks.few(6, 60)] == [True, False]


def test_a_reduced_address_keeps_what_else_it_says(rf):
    page = Template("{% load looks %}{% in_language 'en' %}")

    shown = page.render(Context({"request": rf.get("/d/a/", {"unit": "b", "lang": "vi"})}))

    assert shown == "?unit=b&amp;lang=en"


class PersonForm(forms.Form):
    full_name = forms.CharField(label="Name", help_text="As on the card")
    email = forms.EmailField(label="Mail", required=False)
    when = forms.ChoiceField(label="When", choices=[("a", "A")], widget=forms.RadioSelect)

    def clean(self):
        raise forms.ValidationError("Nothing goes today.")


def test_problems_name_the_field_and_where_to_go():
    found = looks.problems(PersonForm({"full_name": "", "email": "x"}))

    assert [(problem["label"], problem["id"]) for problem in found] == [
        ("", ""),
        ("Name", "id_full_name"),
        ("Mail", "id_email"),
        ("When", "id_when_0"),
    ]


def test_a_field_points_to_its_hint_and_its_error():
    html = str(PersonForm({})["full_name"].as_field_group())

    described = re.search(r'<input[^>]* aria-describedby="([^"]*)"', html)
    assert described
    assert set(described[1].split()) == set(re.findall(r'id="(id_full_name_\w+)"', html))
    assert 'aria-invalid="true"' in html


def test_only_what_may_stay_empty_says_so():
    form = PersonForm()
    with translation.override("en"):
        marked = ["optional" in field.as_field_group() for field in form]

    assert marked == [False, True, False]


def test_a_form_that_came_back_begins_its_title_with_the_word_error():
    with translation.override("vi"):
        page = render_to_string("kit/details.html", {"form": PersonForm({})})

    assert "<title>Lỗi: Thông tin" in " ".join(page.split())
    assert page.index("error-summary") < page.index("<h1")


@pytest.mark.parametrize("status", ["400", "403", "403_csrf", "404", "500", "503"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_error_page_needs_no_request_and_names_a_next_step(status, language):
    with translation.override(language):
        page = render_to_string(f"{status}.html")

    assert f'<html lang="{language}">' in page
    assert 'class="button button-primary' in page


@pytest.mark.parametrize("file", PAGE_TEMPLATES, ids=lambda file: file.name)
def test_a_template_holds_no_inline_style_or_script(file):
    source = file.read_text(encoding="utf-8")

    found = re.findall(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+=\"|javascript:", source)

    assert found == []


def test_every_icon_that_a_template_names_exists():
    named = {
        name
        for file in TEMPLATES
        for name in re.findall(r'{% icon "([\w-]+)"', file.read_text(encoding="utf-8"))
    }

    assert named - set(looks.ICONS) == set()


@pytest.mark.django_db
@pytest.mark.urls(__name__)
@pytest.mark.parametrize("name", [name for name in PAGES if name not in ("index", "verdict")])
def test_a_page_of_the_kit_renders(client, name):
    assert client.get(f"/kit/{name}/").status_code == 200


@pytest.mark.django_db
def test_the_kit_is_no_part_of_the_product(client):
    assert client.get("/kit/").status_code == 404


def test_what_a_first_page_loads_stays_within_its_budget():
    dist = settings.BASE_DIR / "static/dist"

    def weight(file: Path) -> float:
        data = file.read_bytes()
        return len(data if file.suffix == ".woff2" else gzip.compress(data)) / 1000

    assert weight(dist / "site.css") <= 12
    assert weight(dist / "pages.js") <= 5
    assert sum(weight(file) for file in (dist / "fonts").glob("*.woff2")) <= 33
