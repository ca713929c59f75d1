"""What the web server calls."""

import gc
import os
import signal

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import resolve
from django.utils import translation

from backend.processes import tie_to_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
# A server that is killed outright must not leave its workers behind, holding the port.
tie_to_parent(signal.SIGKILL)
application = get_wsgi_application()

# Views and sentences are read now, not while the first visitor waits.
resolve("/")
for language, _name in settings.LANGUAGES:
    with translation.override(language):
        translation.gettext("")

# What is there now stays for good: let no collection look at it again, and look less often.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
