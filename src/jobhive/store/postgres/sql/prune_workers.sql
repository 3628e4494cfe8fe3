-- prune_workers.sql: forget workers silent for long.
DELETE FROM jobhive_worker WHERE seen_at < (SELECT jobhive_now_ms(:offset)) - :silence::bigint RETURNING id;
