-- list.sql: a page of jobs, newest first; the conditions asked for are put in place of the marker.
SELECT * FROM jobhive_job_record WHERE id < :before /* conditions */ ORDER BY id DESC LIMIT :limit::bigint;
