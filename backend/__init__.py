"""Wiring; no word of the domain appears here."""

# Makes the app of Celery the one that ``shared_task`` binds to, in every process.
from backend.celery import app as celery

__all__ = ["celery"]
