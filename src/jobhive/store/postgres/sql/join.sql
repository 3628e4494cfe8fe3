-- join.sql: a worker's first sign of life, which another one may have been by now.
INSERT INTO jobhive_worker AS worker
    (id, name, node, pid, state, queues, kinds, slots, running, completed, errors, started_at, seen_at)
VALUES (:id, :name, :node, :pid, :state, :queues, :kinds, :slots, :running, :completed, :errors, :started_at,
        (SELECT jobhive_now_ms(:offset)))
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
RETURNING worker.is_retiring, worker.xmax = 0;
