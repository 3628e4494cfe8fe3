-- beat.sql: a known worker's sign of life.
UPDATE jobhive_worker
SET state = :state, running = :running, completed = :completed, errors = :errors,
    seen_at = (SELECT jobhive_now_ms(:offset))
WHERE id = :id
RETURNING is_retiring;
