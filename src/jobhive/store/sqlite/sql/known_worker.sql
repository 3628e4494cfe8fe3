-- known_worker.sql: whether a worker gave a sign of life before.
SELECT 1 FROM worker WHERE id = :id;
