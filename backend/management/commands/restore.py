"""``manage.py restore FILE``: read a backup into an empty database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backend.backups import RestoreRefused, restore_backup


class Command(BaseCommand):
    help = "Read a backup into an empty database, after `migrate`. A wrong key is refused first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = restore_backup(options["file"])
        except (RestoreRefused, OSError) as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{count} rows are back.")
