"""``python -m tests.bench [--quick | --big] [--only NAME…] [--page FILE]``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.bench.parts import running
from tests.services.product import ROOT


def main() -> int:
    words = argparse.ArgumentParser(prog="make bench", description=__doc__)
    words.add_argument("--quick", action="store_true", help="one small round, for development")
    words.add_argument("--big", action="store_true", help="1,000,000 donors, 5,000,000 rows")
    words.add_argument("--only", nargs="+", default=[], metavar="NAME", help="names or their start")
    words.add_argument("--page", type=Path, help="where the page goes; - prints it")
    asked = words.parse_args()
    if not (ROOT / "staticfiles" / "staticfiles.json").exists():
        print("The bundles are missing; this makes them: make setup", file=sys.stderr)
        return 1
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {text}", file=sys.stderr, flush=True)

    with running() as parts:
        # Only now is Django set up in this process.
        from tests.bench import machine, plan, report

        where = machine.describe(parts.postgresql.url())
        amounts = plan.QUICK if asked.quick else plan.BIG if asked.big else plan.Amounts()
        wanted = [
            name
            for name in plan.ALL
            if not asked.only or any(name.startswith(only) for only in asked.only)
        ]
        found = plan.Plan(parts, amounts, say).go(wanted)
    text = report.page(found, where, amounts)
    whole = not (asked.quick or asked.only)
    page = asked.page or (ROOT / "docs" / "benchmarks.md" if whole else Path("-"))
    if page == Path("-"):
        print(text)
    else:
        page.write_text(text)
        print(f"written: {page}")
    say("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
