-- purge_events.sql: delete a job's stream.
DELETE FROM event WHERE job_id = :id;
