import pytest
import redis
from django.core.exceptions import ImproperlyConfigured

from backend.limits import Limit, exhausted, hit, hit_and_ask

NOON = 1_800_000_000.0  # a whole hour


@pytest.fixture(autouse=True)
def two_an_hour(settings, client):
    settings.LIMITS = {"MISSES": Limit(2, 3600), "API": None}


def test_limit_parse_reads_times_a_window():
    texts = ["600/m", "10/h", "5/d", "off"]

    assert [Limit.parse("LIMIT_X", text) for text in texts] == [
        Limit(600, 60),
        Limit(10, 3600),
        Limit(5, 86400),
        None,
    ]


@pytest.mark.parametrize("text", ["", "10", "10/s", "-1/m", "0/m", "ten/m"])
def test_limit_parse_refuses_what_it_cannot_read(text):
    with pytest.raises(ImproperlyConfigured, match="LIMIT_X"):
        Limit.parse("LIMIT_X", text)


def test_hit_says_how_long_to_wait_after_one_try_too_many():
    tries = [hit("MISSES", "a", now=NOON + 600) for _ in range(4)]

    assert tries == [None, None, 3000, 3000]


def test_hit_counts_each_key_and_each_window_apart():
    for _ in range(3):
        hit("MISSES", "a", now=NOON)

    assert hit("MISSES", "b", now=NOON) is None
    assert hit("MISSES", "a", now=NOON + 3600) is None


def test_exhausted_does_not_count():
    seen = [exhausted("MISSES", "a", now=NOON) for _ in range(5)]
    hit("MISSES", "a", now=NOON)
    before = exhausted("MISSES", "a", now=NOON)
    hit("MISSES", "a", now=NOON)

    assert (seen, before, exhausted("MISSES", "a", now=NOON)) == ([None] * 5, None, 3600)


def test_hit_and_ask_counts_the_first_alone(settings):
    settings.LIMITS |= {"OTHER": Limit(1, 3600)}
    hit("OTHER", "b", now=NOON)

    answers = [
        hit_and_ask("MISSES", "a", ("OTHER", "b"), ("OTHER", ""), ("OTHER", "c"), now=NOON)
        for _ in range(3)
    ]

    assert answers == [[None, 3600, None, None]] * 2 + [[3600, 3600, None, None]]
    assert hit_and_ask("API", "a", ("OTHER", "b"), now=NOON) == [None, 3600]


def test_hit_lets_everybody_through_when_off():
    assert [hit("API", "a", now=NOON) for _ in range(5)] == [None] * 5


def test_hit_lets_everybody_through_while_the_cache_is_away(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("backend.cache._away_until", 0.0)
    settings.CACHES = {
        "default": {
            "BACKEND": "backend.cache.ForgivingRedisCache",
            "LOCATION": f"unix://{tmp_path}/nothing.sock",
        }
    }

    asked = [hit_and_ask("MISSES", "a", ("MISSES", "b"), now=NOON) for _ in range(5)]

    assert asked == [[None, None]] * 5
    monkeypatch.setattr("backend.cache._away_until", 0.0)


def test_hit_lets_everybody_through_while_the_cache_has_no_memory(settings, monkeypatch):
    monkeypatch.setattr("backend.cache._away_until", 0.0)
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        server.config_set("maxmemory", 1)
        try:
            assert [hit("MISSES", "full", now=NOON) for _ in range(5)] == [None] * 5
        finally:
            server.config_set("maxmemory", 0)
    monkeypatch.setattr("backend.cache._away_until", 0.0)
