-- prune_workers.sql: forget workers silent for long, and those seen in a future that a clock set back has taken away.
DELETE FROM worker WHERE seen_at < :before OR seen_at > :after RETURNING id, name, node, pid;
