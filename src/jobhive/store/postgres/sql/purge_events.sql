-- purge_events.sql: delete a job's stream.
DELETE FROM jobhive_event WHERE job_id = :id;
