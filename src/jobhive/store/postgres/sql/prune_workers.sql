-- prune_workers.sql: forget workers silent for long, and those seen in a future that a clock set back has taken away.
DELETE FROM jobhive_worker
WHERE seen_at < :now::bigint - :silence::bigint OR seen_at > :now::bigint + :silence::bigint
RETURNING id, name, node, pid;
