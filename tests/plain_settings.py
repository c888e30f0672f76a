"""The product without django-unfold: the plain admin must do."""

from callcenter.settings import *  # noqa: F403
from callcenter.settings import DATABASES, INSTALLED_APPS, env

INSTALLED_APPS = [app for app in INSTALLED_APPS if not app.startswith("unfold")]
DATABASES = {"default": {**DATABASES["default"], "NAME": env.str("PLAIN_DATABASE")}}
