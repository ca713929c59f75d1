"""``make bench``: what the product does beside a bare Django view and beside its SQL alone.

Real processes on loopback: PostgreSQL that keeps what it commits, Valkey, the web server and the
worker by the Procfile's commands. Sides take turns within one run, so that what else the machine
does meets all of them; read the ratios first.
"""
