"""A pooled connection that the server ended is found without asking."""

import psycopg
import pytest
from django.db import connection

from backend.postgresql.base import check_connection

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


@pytest.fixture
def pooled():
    lain = psycopg.connect(**connection.get_connection_params() | {"autocommit": True})
    yield lain
    lain.close()


def test_check_sends_nothing_over_a_living_connection(pooled):
    last = "SELECT query_start FROM pg_stat_activity WHERE pid = %s"
    pid = pooled.info.backend_pid
    pooled.execute("SELECT 1")
    with connection.cursor() as cursor:
        cursor.execute(last, [pid])
        before = cursor.fetchone()
        check_connection(pooled)
        cursor.execute(last, [pid])

        assert cursor.fetchone() == before


def test_check_refuses_a_connection_that_the_server_ended(pooled):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pooled.info.backend_pid])

    with pytest.raises(psycopg.OperationalError):
        check_connection(pooled)
