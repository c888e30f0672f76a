"""Logs: JSON lines with call ids for machines, readable lines on a terminal, and nothing private in either.

Code logs by the standard library's `logging`; what varies goes in `extra`, never in the text. The last step
before a line is written hides secrets, pressed digits and all but the end of telephone numbers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

HIDDEN = "***"
SECRET_KEYS = re.compile(r"authorization|password|secret|token|cookie|digits|dtmf|\bpin\b|ha1|nonce|response", re.IGNORECASE)
NUMBER_KEYS = re.compile(r"number|caller|dialled|from_uri|to_uri|contact", re.IGNORECASE)

CREDENTIALS = re.compile(r"((?:Proxy-)?Authorization\s*[:=]\s*)[^\r\n]+", re.IGNORECASE)
LONG_NUMBER = re.compile(r"(?<![\w.:/-])\+?\d{5,}(\d{2})(?![\w.:-])")
"""Seven digits and more, standing alone: telephone numbers, but no part of an address, a date or an id such as ab-1234567."""

Entry = MutableMapping[str, Any]

PLAIN_LOGGERS = ("security",)
"""fail2ban reads these lines in a fixed form, account and address included: they pass as they are."""


def scrub(_logger: Any, _method: str, entry: Entry) -> Entry:
    """structlog processor: hide what must not be read by who reads logs."""
    for key, value in entry.items():
        if key in ("event", "exception"):
            entry[key] = scrub_text(str(value))
        elif SECRET_KEYS.search(key):
            entry[key] = HIDDEN
        elif NUMBER_KEYS.search(key) and isinstance(value, str):
            entry[key] = hide_number(value)
    return entry


def scrub_text(text: str) -> str:
    return LONG_NUMBER.sub(rf"{HIDDEN}\1", CREDENTIALS.sub(rf"\1{HIDDEN}", text))


def hide_number(value: str) -> str:
    """The last two characters are enough to tell two callers apart while looking into one fault."""
    return f"{HIDDEN}{value[-2:]}" if len(value) > 3 else HIDDEN


PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configuration(level: str, *, json: bool | None = None) -> dict[str, Any]:
    """For Django's LOGGING. :param json: None: unless the output is a terminal."""
    as_json = not sys.stderr.isatty() if json is None else json
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    tidy = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *([structlog.processors.format_exc_info] if as_json else [])]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*PROCESSORS, structlog.stdlib.ExtraAdder()],
        "processors": [*tidy, scrub, renderer],
    }
    stream = {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": formatter, "plain": {"format": "%(message)s"}},
        "handlers": {"stderr": {**stream, "formatter": "structured"}, "plain": {**stream, "formatter": "plain"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            **{name: {"handlers": ["plain"], "level": "INFO", "propagate": False} for name in PLAIN_LOGGERS},
            # Django brings handlers of its own, which would write each line a second time.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "axes": {"level": "WARNING"},
        },
    }


def bind(**context: Any) -> None:
    """Put `call`, `process` or the like on every further line of this thread or task."""
    structlog.contextvars.bind_contextvars(**context)


def configure_structlog() -> None:
    """For code that logs by `structlog.get_logger()`: the same way out."""
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
