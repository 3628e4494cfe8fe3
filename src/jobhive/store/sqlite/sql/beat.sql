-- beat.sql: a worker's sign of life.
INSERT INTO worker (id, name, node, pid, state, queues, kinds, slots, running, completed, errors, started_at, seen_at)
VALUES (:id, :name, :node, :pid, :state, :queues, :kinds, :slots, :running, :completed, :errors, :started_at, :seen_at)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, running = excluded.running, completed = excluded.completed, errors = excluded.errors,
    seen_at = excluded.seen_at
RETURNING is_retiring;
