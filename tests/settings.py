"""The product's settings over throw-away services; only what makes tests slow is changed.

``TEST_DATABASE=sqlite`` runs the same tests on SQLite. Processes that tests start get none
of these: see ``tests.services.environment``.
"""

import os
import tempfile
from pathlib import Path

import polib

from tests.services.environment import VARIABLES

for _name in VARIABLES:
    os.environ.pop(_name, None)

# One folder for the whole run, which the workers of pytest-xdist inherit, and one for each.
if "TEST_RUN_DIR" not in os.environ:
    os.environ["TEST_RUN_DIR"] = tempfile.mkdtemp(prefix="gh-")
RUN_DIR = Path(os.environ["TEST_RUN_DIR"])
OWN_DIR = RUN_DIR / os.environ.get("PYTEST_XDIST_WORKER", "main")
TEST_DATABASE = os.environ.get("TEST_DATABASE", "postgresql")

os.environ["DATA_DIR"] = str(OWN_DIR)
os.environ["REDIS_URL"] = f"unix://{OWN_DIR}/valkey/valkey.sock"
os.environ["SECRET_KEY"] = "dGVzdHMtb25seS1zZWNyZXQta2V5LW9mLTMyLWJ5dGU="
os.environ["FIELD_KEY"] = "dGVzdHMtb25seS1maWVsZC1rZXktb2YtMzItYnl0ZXM="
os.environ["BASE_URL"] = "http://testserver"
if TEST_DATABASE == "postgresql":
    os.environ["DATABASE_URL"] = os.environ.get(
        "TEST_DATABASE_URL", f"postgresql://postgres@/giothong?host={RUN_DIR}/postgresql&port=5432"
    )

# Bring .mo up to date, for who runs pytest alone; ``make test`` has done so.
for _source in (Path(__file__).parent.parent / "locale").glob("*/LC_MESSAGES/*.po"):
    _compiled = _source.with_suffix(".mo")
    if not _compiled.exists() or _compiled.stat().st_mtime < _source.stat().st_mtime:
        polib.pofile(str(_source)).save_as_mofile(str(_compiled))

from backend.settings import *  # noqa: E402, F403
from backend.settings import DATABASES, STORAGES  # noqa: E402

if TEST_DATABASE == "postgresql":
    # Tests hold transactions open on purpose.
    DATABASES["default"]["OPTIONS"]["pool"]["max_size"] = 10
if TEST_DATABASE == "sqlite":
    # A file, not memory: threads and processes then meet as they do in earnest.
    DATABASES["default"]["TEST"] = {"NAME": OWN_DIR / "test.sqlite3"}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Without a manifest, so that no test waits for bundles; tests/backend/test_static.py has it.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
