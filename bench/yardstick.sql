-- The event "an agent hangs up and gets the next call" as one function: the same locks, rows, events and bells as the
-- services write, without explanations, limits, wishes or refusals. Only benchmarks install it.
CREATE OR REPLACE FUNCTION bench_hang_up(p_call bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz; v_agent bigint; v_next bigint; v_queue bigint; v_segment bigint; v_offer bigint; v_node text; v_ring int;
BEGIN
  SELECT agent_id INTO v_agent FROM queues_call WHERE id = p_call;
  PERFORM 1 FROM queues_queue WHERE id IN (SELECT queue_id FROM queues_membership WHERE agent_id = v_agent)
    ORDER BY id FOR NO KEY UPDATE;
  PERFORM 1 FROM agents_agent WHERE id = v_agent FOR NO KEY UPDATE;
  PERFORM 1 FROM queues_call WHERE id = p_call AND state = 'active' FOR NO KEY UPDATE;
  v_now := clock_timestamp();
  UPDATE queues_offer SET released_at = v_now WHERE call_id = p_call AND released_at IS NULL;
  UPDATE queues_segment SET ended_at = v_now, hung_up_by = 'caller' WHERE call_id = p_call AND ended_at IS NULL AND outcome = 'answered';
  UPDATE queues_call SET state = 'ended', state_since = v_now, outcome = 'answered', hung_up_at = v_now, ended_at = v_now,
    hung_up_by = 'caller' WHERE id = p_call;
  UPDATE agents_agent SET state = 'available', state_since = v_now, open_calls = 0, last_released_at = v_now WHERE id = v_agent;
  PERFORM bench_log('agent.call_ended', 'agent', v_agent), bench_log('call.hang_up', 'call', p_call);

  SELECT c.id INTO v_next FROM queues_membership m CROSS JOIN LATERAL (
      SELECT id, order_key FROM queues_call WHERE queue_id = m.queue_id AND state = 'queued' AND wanted_agent_id IS NULL
        AND (not_before IS NULL OR not_before <= v_now) ORDER BY order_key, id LIMIT 1) c
    WHERE m.agent_id = v_agent AND m.logged_in ORDER BY c.order_key, c.id LIMIT 1;
  SELECT queue_id, node INTO v_queue, v_node FROM queues_call WHERE id = v_next AND state = 'queued' FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN NULL; END IF;
  SELECT id INTO v_segment FROM queues_segment WHERE call_id = v_next AND outcome = 'waiting';
  SELECT ring_seconds INTO v_ring FROM queues_queue WHERE id = v_queue;
  INSERT INTO queues_offer (call_id, segment_id, queue_id, agent_id, slot, outcome, opened_at, expires_at, why)
    VALUES (v_next, v_segment, v_queue, v_agent, 0, 'open', v_now, v_now + make_interval(secs => v_ring), '{}') RETURNING id INTO v_offer;
  UPDATE agents_agent SET state = 'ringing', state_since = v_now, open_calls = 1, last_offered_at = v_now WHERE id = v_agent;
  UPDATE queues_call SET state = 'agent_ringing', state_since = v_now WHERE id = v_next;
  PERFORM bench_log('agent.was_offered', 'agent', v_agent);
  PERFORM bench_log('call.assign_to_agent', 'call', v_next), pg_notify('alarms', '');
  PERFORM pg_notify('node_' || v_node, json_build_object('call', v_next, 'event', 'offer', 'id', v_offer)::text);
  RETURN v_offer;
END $$;

CREATE OR REPLACE FUNCTION bench_log(p_type text, p_kind text, p_id bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO core_logentry (type, subject_kind, subject_id, actor, cause, data) VALUES (p_type, p_kind, p_id, 'caller', '', '{}');
  PERFORM pg_notify('events', '');
END $$;
