"""A union with drives and hundreds of made-up people, to try the product on.

The bodies are real and lend only their names. The people are made up by chance from common names,
and nothing is ever sent to them.
"""

from events.checkin.demonstration.build import Demonstration, ensure_demonstration
from events.checkin.demonstration.remove import remove_demonstration

__all__ = ["Demonstration", "ensure_demonstration", "remove_demonstration"]
