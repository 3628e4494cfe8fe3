-- beat.sql: a worker's sign of life.
INSERT INTO jobhive_worker AS worker
    (id, name, node, pid, state, queues, kinds, slots, running, completed, errors, started_at, seen_at)
VALUES (:id, :name, :node, :pid, :state, :queues, :kinds, :slots, :running, :completed, :errors, :started_at,
        (SELECT jobhive_now_ms(:offset)))
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, running = excluded.running, completed = excluded.completed, errors = excluded.errors,
    seen_at = excluded.seen_at
RETURNING worker.is_retiring;
