-- retire.sql: ask a worker to finish its jobs and exit.
UPDATE worker SET is_retiring = 1 WHERE id = :id AND seen_at >= :since;
