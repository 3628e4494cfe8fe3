-- purge_events.sql: delete jobs' stream.
DELETE FROM jobhive_event WHERE job_id = ANY ((SELECT :ids::text[])::text[]);
