from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Stands in for Django's, which calls a program that a bare machine does not have."""

    help = "Compiles the translations (.po) into what Django reads (.mo), without gettext."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, help="where the languages lie (locale/)")

    def handle(self, *args: Any, **options: Any) -> None:
        folders = [options["folder"]] if options["folder"] else settings.LOCALE_PATHS
        for folder in folders:
            for source in sorted(Path(folder).glob("*/LC_MESSAGES/*.po")):
                polib.pofile(str(source)).save_as_mofile(str(source.with_suffix(".mo")))
                if options["verbosity"]:
                    self.stdout.write(f"compiled {source}")
