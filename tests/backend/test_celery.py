"""Starting tasks: a person's request does it, whatever the broker does."""

import subprocess
import sys

from tests.services.environment import clean_environment
from tests.services.product import ROOT

START_ONE = """
import time
import django
django.setup()
from backend.celery import start_task
from notifications.tasks import send_message
send_message.app.tasks  # what is made once is not what is measured
began = time.monotonic()
print(start_task(send_message, message_id=1), time.monotonic() - began)
"""


def test_start_task_does_not_wait_for_a_broker_that_is_away(tmp_path):
    env = clean_environment(DATA_DIR=tmp_path, DJANGO_SETTINGS_MODULE="backend.settings")
    command = [sys.executable, "-c", START_ONE]
    ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)

    started, seconds = ended.stdout.splitlines()[-1].split()
    assert started == "False"
    assert float(seconds) < 2
