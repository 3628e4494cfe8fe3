-- prune_workers.sql: forget workers silent for long.
DELETE FROM worker WHERE seen_at < :before RETURNING id, name, node, pid;
