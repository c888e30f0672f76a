#!/usr/bin/env python3
"""Django's command line for the contact center."""

import os
import sys

if not (3, 11) <= sys.version_info[:2] <= (3, 12):
    # str.format, so that an old Python can still read this file and say its sentence.
    sys.exit(
        "The contact center needs Python 3.11 or 3.12, because the telephony library has no build for "
        "{}.{}. Install one of them and start again.".format(*sys.version_info[:2])
    )


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callcenter.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
