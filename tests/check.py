"""``make check``: every check, one after another; all that failed are named at the end."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from tests.services.environment import clean_environment
from tests.services.postgresql import PostgreSQL

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent


def run(*command: str, env: dict[str, str] | None = None) -> str:
    """Run a program of the environment; what it said if it failed, else nothing."""
    found = PROGRAMS / command[0]
    done = subprocess.run(
        [str(found) if found.exists() else command[0], *command[1:]],
        cwd=ROOT,
        env=env or clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout or f"exit code {done.returncode}"


def manage(*arguments: str, env: dict[str, str] | None = None) -> str:
    return run("python", "-W", "error::DeprecationWarning", "manage.py", *arguments, env=env)


def templates() -> str:
    files = sorted(str(path) for path in (ROOT / "templates").rglob("*.html"))
    return run("djade", "--check", "--target-version", "5.2", *files) if files else ""


def deployment() -> str:
    """As in production: with every variable that it needs, no warning is left."""
    key = "Y2hlY2stb25seS1rZXktb2YtdGhpcnR5LXR3by1ieXQ"
    return manage(
        "check",
        "--deploy",
        "--fail-level=WARNING",
        env=clean_environment(
            BASE_URL="https://giothong.example",
            DATABASE_URL="postgresql://giothong@127.0.0.1/giothong",
            REDIS_URL="redis://127.0.0.1/0",
            EMAIL_URL="smtp://127.0.0.1:25",
            SECRET_KEY=key,
            FIELD_KEY=key,
        ),
    )


def pins(path: Path) -> dict[str, Version]:
    return {
        name: Version(version)
        for name, version in re.findall(
            r"^([a-z0-9-]+)==([^ ;\\]+)", path.read_text(), re.MULTILINE
        )
    }


def chosen(path: Path) -> Iterator[Requirement]:
    for line in path.read_text().splitlines():
        wish = line.split("#")[0].strip()
        if wish and not wish.startswith("-"):
            yield Requirement(wish)


def requirements() -> str:
    """What we chose is what is pinned, and tests run on the versions that the product has."""
    wrong = []
    for source in sorted(ROOT.glob("requirements*.in")):
        pinned = pins(source.with_suffix(".txt"))
        for wish in chosen(source):
            version = pinned.get(wish.name.lower())
            if version is None or version not in wish.specifier:
                wrong.append(f"{source.name}: {wish} is pinned to {version}")
        if text := re.search(r"https?://.*", source.with_suffix(".txt").read_text()):
            wrong.append(f"{source.with_suffix('.txt').name} names an address: {text[0]}")
    run_pins, dev_pins = pins(ROOT / "requirements.txt"), pins(ROOT / "requirements-dev.txt")
    wrong += [
        f"{name}: {version} in requirements.txt, {dev_pins.get(name)} in requirements-dev.txt"
        for name, version in run_pins.items()
        if dev_pins.get(name) != version
    ]
    return "\n".join([*wrong, "`make lock` mends this."] if wrong else [])


# The last number of each app in the first release: until somebody runs it, a migration may lock
# and rewrite as it likes. Whoever adds one before that raises the number.
FIRST_RELEASE = {
    "accounts": 2,
    "checkin": 7,
    "donors": 1,
    "drives": 3,
    "notifications": 2,
    "registrations": 5,
}


def safe_migrations() -> str:
    """Migrations run while the old version serves: none may lock, or break what that reads."""
    roots = {"checkin": "events", "drives": "events", "registrations": "events"}
    exempt = [
        path.stem
        for app, last in FIRST_RELEASE.items()
        for path in (ROOT / roots.get(app, "") / app / "migrations").glob("[0-9]*.py")
        if int(path.stem[:4]) <= last
    ]
    folder = Path(tempfile.mkdtemp(prefix="gh-"))
    folder.chmod(0o711)
    server = PostgreSQL(folder / "pg")
    try:
        server.start()
        return manage(
            *("lintmigrations", "--no-cache", "--warnings-as-errors"),
            *("--sql-analyser", "postgresql", "--include-apps", *FIRST_RELEASE),
            *("--ignore-name", *exempt),
            env=clean_environment(
                DJANGO_SETTINGS_MODULE="tests.linting", TEST_DATABASE_URL=server.url()
            ),
        )
    finally:
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)


def translations() -> str:
    """Every text is in the catalogue (where gettext is there to look), and in Vietnamese."""
    import polib

    wrong = []
    catalogues = sorted((ROOT / "locale").glob("vi/LC_MESSAGES/*.po"))
    for path in catalogues:
        catalogue = polib.pofile(str(path))
        gaps = catalogue.untranslated_entries() + catalogue.fuzzy_entries()
        wrong += [f"{path.name}: {entry.msgid!r} has no Vietnamese" for entry in gaps]
    known = {
        (entry.msgctxt, entry.msgid) for path in catalogues for entry in polib.pofile(str(path))
    }
    if shutil.which("xgettext"):
        wrong += [f"{text!r} is not in the catalogue" for _context, text in collected() - known]
    else:
        print("       (gettext is missing: whether every text is collected was not looked at)")
    return "\n".join([*sorted(wrong), "`make messages` collects."] if wrong else [])


def collected() -> set[tuple[str | None, str]]:
    """Collect the texts of the sources in a copy of them, so that nothing here changes."""
    import polib

    tracked = subprocess.run(
        ["git", "ls-files", "-z", "*.py", "*.html", "*.txt", "locale"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in filter(None, tracked.stdout.split("\0")):
            if not name.startswith("tests/") and (ROOT / name).exists():
                copy = Path(folder) / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, copy)
        subprocess.run(
            [sys.executable, "manage.py", "makemessages", "--locale", "vi", "--verbosity", "0"],
            cwd=folder,
            env=clean_environment(DATA_DIR=Path(folder) / "var"),
            capture_output=True,
            text=True,
            check=True,
        )
        made = polib.pofile(f"{folder}/locale/vi/LC_MESSAGES/django.po")
        return {(entry.msgctxt, entry.msgid) for entry in made if not entry.obsolete}


CHECKS: dict[str, Callable[[], str]] = {
    "ruff": lambda: run("ruff", "check", "--quiet", "."),
    "ruff format": lambda: run("ruff", "format", "--check", "--quiet", "."),
    "types": lambda: run("mypy", "."),
    "imports": lambda: run("lint-imports"),
    "templates": templates,
    "migrations are complete": lambda: manage("makemigrations", "--check", "--dry-run"),
    "migrations are safe": safe_migrations,
    "deployment": deployment,
    "requirements agree": requirements,
    "translations are complete": translations,
    "browser code": lambda: run(shutil.which("npm") or "npm", "run", "--silent", "check"),
}


def main() -> int:
    failed = []
    for name, check in CHECKS.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        started = time.monotonic()
        said = check()
        print(f"{'FAILED' if said else 'ok':7}{name} ({time.monotonic() - started:.1f} s)")
        if said:
            print("\n".join(f"       {line}" for line in said.rstrip().splitlines()))
            failed.append(name)
        sys.stdout.flush()
    print(
        f"{len(failed)} of {len(CHECKS)} checks failed: {', '.join(failed)}"
        if failed
        else "All ok."
    )
    return 1 if failed else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
