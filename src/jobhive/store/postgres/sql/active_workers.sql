-- active_workers.sql: workers with a recent sign of life, oldest first.
SELECT id, name, node, pid, state, queues, kinds, slots, running, completed, errors, started_at, seen_at, is_retiring
FROM jobhive_worker WHERE seen_at >= (SELECT jobhive_now_ms(:offset)) - :lease::bigint ORDER BY started_at, id;
