"""The settings of the tests with the migration linter, which is a command of an app."""

from tests.settings import *  # noqa: F403

INSTALLED_APPS += ["django_migration_linter"]  # noqa: F405
