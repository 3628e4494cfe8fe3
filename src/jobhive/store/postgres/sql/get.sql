-- get.sql: jobs by id.
SELECT * FROM jobhive_job_record WHERE id = ANY (:ids::text[]);
