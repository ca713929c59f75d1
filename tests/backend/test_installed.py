"""The product runs on what ``requirements.txt`` names, and the benchmark measures it so."""

import subprocess
import sys
from pathlib import Path

from tests.bench.parts import development_only
from tests.services.environment import clean_environment
from tests.services.product import ROOT


def loaded(statement: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    env = clean_environment(
        DATA_DIR=data_dir,
        DJANGO_SETTINGS_MODULE="backend.settings",
        PYTHONPATH=ROOT / "tests/bench/in_use",
        BENCH_HIDDEN=",".join(development_only()),
    )
    command = [sys.executable, "-c", statement]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)


def test_web_and_worker_start_without_what_only_development_installs(tmp_path: Path):
    everything = "import backend.wsgi; backend.celery.loader.import_default_modules()"
    done = loaded(f"{everything}; import sys; print('rich' in sys.modules)", tmp_path)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr[-2000:]


def test_what_only_development_installs_is_hidden(tmp_path: Path):
    done = loaded("import pytest", tmp_path)
    assert "pytest is for development only" in done.stderr
