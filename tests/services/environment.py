"""The variables that the product reads, and an environment without them."""

import os

VARIABLES = (
    *("HOST", "PORT", "BASE_URL", "DATA_DIR", "DATABASE_URL", "REDIS_URL"),
    *("EMAIL_URL", "EMAIL_FROM", "SECRET_KEY", "FIELD_KEY", "TRUSTED_PROXIES"),
    *("ALLOWED_HOSTS", "LANGUAGE_CODE", "TIME_ZONE"),
    *("WEB_WORKERS", "WEB_THREADS", "WORKER_CONCURRENCY", "DEBUG"),
    *("LIMIT_REGISTRATIONS_ADDRESS", "LIMIT_REGISTRATIONS_PHONE", "LIMIT_REGISTRATIONS_EMAIL"),
    *("LIMIT_LOGINS_USER", "LIMIT_LOGINS_ADDRESS", "LIMIT_ENROLMENTS", "LIMIT_MISSES", "LIMIT_API"),
)


def clean_environment(**variables: object) -> dict[str, str]:
    """Give this process's environment as a fresh machine has it, with ``variables`` set."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in VARIABLES
        and not name.startswith(("PYTEST_", "TEST_", "DJANGO_", "COVERAGE"))
        and name != "TZ"
    }
    return kept | {name: str(value) for name, value in variables.items()}
