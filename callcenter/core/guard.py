"""The database's own guard of the state tables: a trigger that refuses a pair of states no event declares."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.migrations import RunSQL

FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_illegal_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (OLD.state || '>' || NEW.state) = ANY (TG_ARGV) THEN
    RAISE EXCEPTION 'illegal transition of % %: % to %', TG_TABLE_NAME, OLD.id, OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
"""

APPEND_ONLY = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE ON core_logentry FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

_AGAIN = "DROP TRIGGER append_only ON core_logentry; CREATE TRIGGER append_only BEFORE {} ON core_logentry FOR EACH ROW EXECUTE FUNCTION"
KEEP = f"{_AGAIN.format('UPDATE OR DELETE')} refuse_change();"
CHANGE_ONLY = f"{_AGAIN.format('UPDATE')} refuse_change();"


def install(table: str, pairs: Iterable[tuple[str, str]]) -> RunSQL:
    """Migration operation that (re)installs the guard of `table` with these (source, target) pairs."""
    arguments = ", ".join(f"'{source}>{target}'" for source, target in pairs)
    drop = f"DROP TRIGGER IF EXISTS state_guard ON {table};"
    create = (
        f"CREATE TRIGGER state_guard BEFORE UPDATE OF state ON {table} FOR EACH ROW "
        f"WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION refuse_illegal_transition({arguments});"
    )
    return RunSQL(drop + create, drop)


def installed_pairs(table: str) -> list[tuple[str, str]]:
    """What the trigger in the database allows now, to compare with the table in Python."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgargs FROM pg_trigger WHERE tgname = 'state_guard' AND tgrelid = %s::regclass", [table])
        row = cursor.fetchone()
    arguments = bytes(row[0]).decode().split("\0") if row else []
    return sorted((source, target) for source, _, target in (a.partition(">") for a in arguments if a))
