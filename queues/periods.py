"""The state periods of agents, written by the database whenever an agent's state or break reason changes.

A trigger, because every event would otherwise pay two round trips for it, and so that no way of changing a
state can forget it.
"""

from __future__ import annotations

from django.db.migrations import RunSQL

FUNCTION = """
CREATE OR REPLACE FUNCTION turn_agent_period() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
BEGIN
  UPDATE queues_agentstateperiod SET ended_at = v_now WHERE agent_id = NEW.id AND ended_at IS NULL;
  IF NEW.state <> 'offline' THEN
    INSERT INTO queues_agentstateperiod (agent_id, state, break_reason, began_at)
    VALUES (NEW.id, NEW.state, coalesce((SELECT code FROM agents_breakreason WHERE id = NEW.break_reason_id), ''), v_now);
  END IF;
  RETURN NULL;
END $$;
"""

TRIGGER = """
CREATE TRIGGER agent_period AFTER UPDATE OF state, break_reason_id ON agents_agent FOR EACH ROW
WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.break_reason_id IS DISTINCT FROM NEW.break_reason_id)
EXECUTE FUNCTION turn_agent_period();
"""

INSTALL = RunSQL(FUNCTION + TRIGGER, "DROP TRIGGER agent_period ON agents_agent; DROP FUNCTION turn_agent_period()")
