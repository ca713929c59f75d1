"""What the web server calls for the bare views."""

import signal

from django.core.wsgi import get_wsgi_application

from backend.processes import tie_to_parent

tie_to_parent(signal.SIGKILL)
application = get_wsgi_application()
