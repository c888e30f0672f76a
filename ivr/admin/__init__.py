"""Admin of numbers."""

from .numbers import NumberAdmin as NumberAdmin
