"""Admin of what callers dial and are led through."""

from .connections import WebConnectionAdmin as WebConnectionAdmin
from .numbers import NumberAdmin as NumberAdmin
