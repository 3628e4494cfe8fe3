-- pause.sql: stop or resume claims from a queue.
INSERT INTO jobhive_queue (name, is_paused) VALUES (:queue, :is_paused)
ON CONFLICT (name) DO UPDATE SET is_paused = excluded.is_paused;
