import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from backend import health


@pytest.fixture
def fresh_process(monkeypatch):
    """As a web process that has just started and looked at nothing."""
    monkeypatch.setattr(health, "schema", health.Schema())


@pytest.fixture
def old_schema(db, fresh_process):
    """As during a roll-out, before the release step: one migration has not run."""
    MigrationRecorder(connection).migration_qs.filter(app="sessions").delete()


def test_healthz_answers_without_a_database(client):
    answer = client.get("/healthz", headers={"Host": "anything.example"})

    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_tells_of_database_migrations_broker_and_outbox(client, fresh_process):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "database": True,
        "migrations": True,
        "broker": True,
        "outbox_oldest_seconds": 0,
    }


def test_readyz_is_503_on_an_old_schema(client, old_schema):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["migrations"]) == (503, False)


def test_pages_are_503_on_an_old_schema_until_it_is_migrated(client, old_schema, monkeypatch):
    before = client.get("/nowhere/")
    MigrationRecorder(connection).record_applied("sessions", "0001_initial")
    monkeypatch.setattr(health, "SECONDS_BETWEEN_LOOKS", 0)
    after = client.get("/nowhere/")

    assert (before.status_code, before.headers["Retry-After"]) == (503, "5")
    assert after.status_code == 404


def test_the_page_that_says_so_has_its_styles_on_an_old_schema(client, old_schema):
    assert client.get("/static/nothing.css").status_code == 404


def test_the_api_is_503_with_a_code_on_an_old_schema(client, old_schema):
    answer = client.get("/api/v1/drives/")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


@pytest.mark.django_db
def test_readyz_stays_200_without_a_broker_and_tells_so(client, fresh_process, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nothing.sock"

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["broker"]) == (200, False)
