"""Real processes, real signals: what must not be lost when a part dies."""
