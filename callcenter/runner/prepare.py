"""What must be done on an answering database before the parts start, in one short-lived process: checks, tables, demo data."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callcenter.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.core.management.base import CommandError
    from django.db import OperationalError, connection

    try:
        connection.ensure_connection()
        refuse_faults()
        call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
        if settings.DEMO:
            call_command("load_demo", skip_checks=True)
    except OperationalError as error:
        sys.exit(f"the database does not answer ({' '.join(str(error).split())}); check DATABASE_URL and that the server runs")
    except CommandError as error:
        sys.exit(str(error))


def refuse_faults() -> None:
    """Leave with all errors of the system checks in one line, each with what to do."""
    from django.core import checks

    faults = [message for message in checks.run_checks() if message.is_serious()]
    if faults:
        sys.exit(" ".join(f"{fault.msg} {fault.hint or ''} ({fault.id})" for fault in faults))


if __name__ == "__main__":
    main()
