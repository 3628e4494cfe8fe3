-- retire.sql: ask a worker to finish its jobs and exit.
UPDATE jobhive_worker SET is_retiring = true
WHERE id = :id AND seen_at >= (SELECT jobhive_now_ms(:offset)) - :lease::bigint
RETURNING id, name, node, pid, state, queues, kinds, slots, running, completed, errors, started_at, seen_at,
          is_retiring;
