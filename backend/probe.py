"""Whether the web process of this container is ready; docker-compose.yml asks by it."""

import sys
import urllib.request

from django.conf import settings


def main() -> int:
    try:
        # The health addresses look at neither host nor scheme.
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.PORT}/readyz", timeout=5):
            return 0
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
