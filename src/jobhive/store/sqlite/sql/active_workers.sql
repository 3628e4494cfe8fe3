-- active_workers.sql: workers with a recent sign of life, oldest first.
SELECT id, name, node, pid, state, queues, kinds, slots, running, completed, errors, started_at, seen_at, is_retiring
FROM worker WHERE seen_at >= :since ORDER BY started_at, id;
