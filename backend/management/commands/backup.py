"""``manage.py backup FILE``: everything that is kept, in one file, without the keys."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from backend.backups import fingerprint, write_backup


class Command(BaseCommand):
    help = "Write one consistent file of everything that is kept. Keys are not in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        count = write_backup(options["file"])
        self.stdout.write(
            f"{count} rows are in {options['file']}. To restore it you need, kept elsewhere,\n"
            f"  SECRET_KEY  with the fingerprint {fingerprint(settings.SECRET_KEY)}\n"
            f"  FIELD_KEY   with the fingerprint {fingerprint(settings.FIELD_KEYS[0].hex())}"
        )
