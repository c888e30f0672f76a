"""What callers dial."""

from .numbers import Number as Number
