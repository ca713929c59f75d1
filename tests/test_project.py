"""What holds for the project as a whole, and what a new part of it must not forget."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polib
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation.template import templatize

from donors.models import Donor
from donors.personal import WITH_NAMES
from events.registrations.models import Registration
from events.registrations.services.erase import erase_old_registrations
from tests.factories import RegistrationFactory

OURS = ("accounts", "donors", "drives", "registrations", "checkin", "reports", "notifications")
SOURCES = ("accounts", "donors", "events", "notifications", "backend")
# As `templatize` writes it; a context, which no template here has, would come first.
CALLED = re.compile(r"\b(n?gettext)\((u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\")", re.DOTALL)
GETTEXT = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext"}


# --- Migrations -------------------------------------------------------------------------


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


# --- Translations -----------------------------------------------------------------------


def _texts_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        if name not in GETTEXT:
            continue
        first = 1 if name == "pgettext" else 0
        text = node.args[first] if len(node.args) > first else None
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            yield text.value


def texts_in_source() -> Iterator[tuple[Path, str]]:
    for folder in SOURCES:
        for path in sorted((settings.BASE_DIR / folder).rglob("*.py")):
            for text in _texts_of(ast.parse(path.read_text(encoding="utf-8"))):
                yield path, text
    for path in sorted((settings.BASE_DIR / "templates").rglob("*")):
        if path.suffix in (".html", ".txt", ".ics"):
            source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            for _call, literal in CALLED.findall(source):
                yield path, ast.literal_eval(literal)


def test_every_text_has_its_vietnamese():
    catalogue = polib.pofile(str(settings.BASE_DIR / "locale/vi/LC_MESSAGES/django.po"))
    translated = {entry.msgid for entry in catalogue.translated_entries()}
    found = list(texts_in_source())

    assert len(found) > 300
    # "" and what is written alike in both languages may be left to the catalogue's own check.
    missing = {(path.name, text) for path, text in found if text.strip() and text not in translated}
    assert sorted(missing) == []


def test_no_translation_is_lost_or_speaks_of_other_values():
    for path in sorted((settings.BASE_DIR / "locale").glob("vi/LC_MESSAGES/*.po")):
        catalogue = polib.pofile(str(path))
        assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []
        for entry in catalogue.translated_entries():
            values = set(re.findall(r"%\((\w+)\)s", f"{entry.msgid} {entry.msgid_plural}"))
            for text in [entry.msgstr, *entry.msgstr_plural.values()]:
                if text:
                    assert set(re.findall(r"%\((\w+)\)s", text)) <= values | {"count", "n"}, text


# --- Addresses --------------------------------------------------------------------------

ANYBODY, LINK, USER, DEVICE, MANAGER = "anybody", "who has the link", "user", "device", "manager"
# Under manage/ each address has its row in tests/test_manage_access.py, under api/v1/manage/ each
# operation in tests/backend/test_api_rights.py; both fail on what has none.
WHO_MAY = {
    "": ANYBODY,
    "d/<slug:slug>/": ANYBODY,
    "d/<slug:slug>/register/": ANYBODY,
    "lost/": ANYBODY,
    "privacy/": ANYBODY,
    "^[Tt]/(?P<payload>[^/]{1,1000})/?$": LINK,
    "scan/": ANYBODY,
    "scan/enroll/": ANYBODY,
    "scan/sw.js": ANYBODY,
    "login/": ANYBODY,
    "logout/": USER,
    "join/<str:token>/": LINK,
    "api/docs/": ANYBODY,
    "api/v1/schema/": ANYBODY,
    "api/v1/drives/": ANYBODY,
    "api/v1/drives/<slug:slug>/": ANYBODY,
    "api/v1/drives/<slug:slug>/registrations/": ANYBODY,
    "api/v1/devices/enroll/": ANYBODY,
    **{f"r/<str:token>/{more}": LINK for more in ("", "confirm/", "move/", "cancel/", "details/")},
    **{f"r/<str:token>/ticket.{kind}": LINK for kind in ("ics", "png")},
    **{f"api/v1/registrations/<str:token>/{more}": LINK for more in ("", "confirm/")},
    **{
        f"api/v1/checkin/{name}/": DEVICE
        for name in ("roster", "scans", "walk-ins", "hand-over", "sign-off")
    },
    **{f"account/password/{more}": ANYBODY for more in ("reset/", "reset/sent/", "reset/done/")},
    "account/inactive/": ANYBODY,
    "^account/password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": LINK,
    **{f"account/{name}": USER for name in ("", "password/", "reauthenticate/", "tokens/")},
    "account/tokens/<int:pk>/revoke/": USER,
}
# allauth's own, all behind its login.
USERS_OWN = ("account/2fa/", "account/sessions/")
MANAGERS = ("manage/", "api/v1/manage/")


def routes() -> Iterator[str]:
    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, path)
            else:
                yield path

    return walk(get_resolver().url_patterns, "")


def test_every_address_says_who_may():
    others = {path for path in routes() if not path.startswith(MANAGERS + USERS_OWN)}

    assert others == set(WHO_MAY)


def example(route: str) -> str:
    """Return an address of this route that names nothing that there is."""
    if route.startswith("^"):
        route = route.strip("^$/?").replace("[Tt]/(?P<payload>[^/]{1,1000})", "T/AAAA")
        return (
            "/"
            + route.replace("(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)", "1-abc")
            + ("" if "T/" in route else "/")
        )
    return "/" + re.sub(r"<int:\w+>", "1", re.sub(r"<\w+:\w+>", "nobodys", route))


@pytest.mark.django_db
@pytest.mark.parametrize("route", sorted(WHO_MAY))
def test_an_address_keeps_to_what_it_says_of_who_may(client, route):
    who = WHO_MAY[route]
    answers = [getattr(client, method)(example(route)) for method in ("get", "post")]
    statuses = {answer.status_code for answer in answers}

    if who == DEVICE:
        assert statuses <= {401, 405}
        assert 401 in statuses
    elif who == USER:
        assert statuses <= {302, 404, 405}
        assert {a.headers["Location"].split("?")[0] for a in answers if a.status_code == 302} <= {
            "/login/",
            "/",
        }
    elif who == LINK:
        assert statuses <= {404, 405, 410, 302, 200}
        assert 404 in statuses or "reset" in route
    else:
        assert not statuses & {401, 403} and max(statuses) < 500


@pytest.mark.django_db
def test_allauths_own_pages_are_behind_the_login(client):
    for route in routes():
        if route.startswith(USERS_OWN):
            answer = client.get(example(route))
            assert answer.status_code in (302, 404, 405), route
            if answer.status_code == 302:
                assert answer.headers["Location"].startswith("/login/"), route


# --- Personal data ----------------------------------------------------------------------


def personal_of(label: str) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    module = importlib.import_module(f"{apps.get_app_config(label).name}.personal")
    return module.PERSONAL, module.PLAIN


@pytest.mark.parametrize("model", [m for m in apps.get_models() if m._meta.app_label in OURS])
def test_every_column_is_classed(model):
    personal, plain = personal_of(model._meta.app_label)
    name = model.__name__
    columns = {
        field.name
        for field in model._meta.concrete_fields
        if not (field.primary_key or field.is_relation)
    }
    classed, others = set(personal.get(name, {})), set(plain[name].split())

    assert (classed | others) - columns == set()
    assert columns - (classed | others) == set()
    assert classed & others == set()
    assert all(personal.get(name, {}).values())


def test_no_class_speaks_of_a_model_that_is_gone():
    for label in OURS:
        config = apps.get_app_config(label)
        if list(config.get_models()):
            personal, plain = personal_of(label)
            assert set(personal) | set(plain) == {m.__name__ for m in config.get_models()}


@pytest.mark.django_db
def test_what_is_kept_with_the_name_is_blank_when_the_name_is_erased():
    # Everything is filled, so that what is forgotten shows.
    person = RegistrationFactory(
        date_of_birth=date(1997, 3, 5),
        sex="female",
        consent_reminders=True,
        consent_invitations=True,
        donor__date_of_birth=date(1997, 3, 5),
        donor__sex="female",
        donor__variant="nguyễn văn an",
    )

    erase_old_registrations(now=person.drive.ends_at + timedelta(days=731))

    for model in (Registration, Donor):
        personal, _plain = personal_of(model._meta.app_label)
        row = model._base_manager.values().get()
        kept = {name for name, until in personal[model.__name__].items() if until == WITH_NAMES}
        assert {name: row[name] for name in kept if row[name]} == {}
        assert row["erased_at"]


def test_the_medical_has_no_column():
    words = re.compile(r"answer|health|disease|blood_type|hiv|hepat|weight|pregnan|medic|reason")
    found = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.Field) and words.search(field.name)
    }

    # Why a drive was cancelled, and why a message was not sent.
    assert found == {"Drive.cancel_reason", "Message.reason"}
