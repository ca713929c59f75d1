"""README and docs stay true: every command exists with its options, every link leads somewhere."""

import re
import shlex
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

ROOT = Path(settings.BASE_DIR)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Programs of the system and of Docker; what they do here is tested in tests/backend.
NOT_OURS = {"git", "docker", "apt-get", "systemctl", "openssl"}


def shell_lines() -> list[str]:
    lines = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
            lines += [line.split("  #")[0].strip() for line in block.splitlines() if line.strip()]
    return lines


def managed_commands() -> list[list[str]]:
    """Return the words after ``manage.py`` wherever a page names a command of ours."""
    found = []
    for page in PAGES:
        for text in re.findall(r"python manage\.py ([^`\n]+)", page.read_text()):
            words = shlex.split(text.split("  #")[0])
            found.append(words)
    return found


def test_pages_name_both_commands_first():
    start = (ROOT / "README.md").read_text().split("## Start")[1].split("##")[0]

    assert re.findall(r"^make (\w+)", start, re.MULTILINE) == ["run", "test"]


@pytest.mark.parametrize("line", shell_lines())
def test_shell_line_is_one_that_we_have(line: str):
    program, *words = shlex.split(line)

    if program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(words) <= set(targets)
    elif program == ".venv/bin/python":
        assert words[0] == "manage.py"
    else:
        assert program in NOT_OURS


@pytest.mark.parametrize("words", managed_commands(), ids=" ".join)
def test_managed_command_takes_what_the_pages_give_it(words: list[str]):
    name, *arguments = words

    command = load_command_class(get_commands()[name], name)
    command.create_parser("manage.py", name).parse_args(arguments)


@pytest.mark.parametrize("document", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text())

    missing = [link for link in links if not (document.parent / link).exists()]

    assert missing == []


def test_changelog_is_there():
    assert (ROOT / "CHANGELOG.md").read_text().startswith("# What changed")
