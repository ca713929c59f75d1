"""What the web server calls."""

import gc
import os
import signal

from django.core.wsgi import get_wsgi_application

from backend.processes import tie_to_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
# A server that is killed outright must not leave its workers behind, holding the port.
tie_to_parent(signal.SIGKILL)
application = get_wsgi_application()

# What is there now stays for good: let no collection look at it again, and look less often.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
