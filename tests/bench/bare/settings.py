"""A Django with nothing in it: no middleware, no apps, one database through the same pool."""

import os

import environ

from backend import settings as product

BASE_DIR = product.BASE_DIR
HOST, PORT = product.HOST, product.PORT
WEB_WORKERS, WEB_THREADS = product.WEB_WORKERS, product.WEB_THREADS
SECRET_KEY = "bench"
ALLOWED_HOSTS = ["*"]
DEBUG = False
USE_TZ = True
TIME_ZONE = "UTC"
MIDDLEWARE: list[str] = []
INSTALLED_APPS: list[str] = []
ROOT_URLCONF = "tests.bench.bare.views"
WSGI_APPLICATION = "tests.bench.bare.wsgi.application"
LOGGING_CONFIG = None
_database = environ.Env.db_url_config(os.environ["BARE_DATABASE_URL"])
_pool = {"min_size": 0, "max_size": WEB_THREADS + 2, "timeout": 10}
DATABASES = {"default": _database | {"OPTIONS": {**_database["OPTIONS"], "pool": _pool}}}
