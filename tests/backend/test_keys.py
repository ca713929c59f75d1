import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from backend.keys import decode_key, load_keys, new_key
from tests.services.environment import clean_environment

A_KEY = "dGVzdHMtb25seS1maWVsZC1rZXktb2YtMzItYnl0ZXM"


def load(tmp_path, value="", made_here=True):
    kept_in = tmp_path / "var" / "keys"
    return load_keys("FIELD_KEY", value=value, kept_in=kept_in, made_here=made_here)


def test_load_keys_makes_one_that_only_its_owner_reads_and_keeps_it(tmp_path):
    first, again = load(tmp_path), load(tmp_path)

    [file] = (tmp_path / "var" / "keys").iterdir()
    assert first == again
    assert len(decode_key("FIELD_KEY", first[0])) == 32
    modes = [path.stat().st_mode & 0o777 for path in (file, file.parent, file.parent.parent)]
    assert modes == [0o600, 0o700, 0o700]


def test_load_keys_takes_several_newest_first(tmp_path):
    new, old = new_key(), new_key()

    assert load(tmp_path, f" {new}, {old} ") == [new, old]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["short", "x" * 44, "ä" * 43, f"{A_KEY},oops"])
def test_load_keys_refuses_what_is_no_key_and_says_how_to_make_one(tmp_path, value):
    with pytest.raises(ImproperlyConfigured, match="token_urlsafe"):
        load(tmp_path, value)


@pytest.mark.parametrize("missing", ["SECRET_KEY", "FIELD_KEY"])
def test_beside_a_database_server_a_missing_key_stops_the_start_with_a_sentence(tmp_path, missing):
    variables = {
        "DATABASE_URL": "postgresql://giothong@127.0.0.1/giothong",
        "DATA_DIR": tmp_path / "var",
        "SECRET_KEY": new_key(),
        "FIELD_KEY": new_key(),
    }
    del variables[missing]

    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=clean_environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert f"{missing} is not set, and DATABASE_URL is" in done.stderr
    assert not os.path.exists(tmp_path / "var" / "keys")
