"""Django's PostgreSQL with a pool that asks no connection whether it lives; see ``base``."""
