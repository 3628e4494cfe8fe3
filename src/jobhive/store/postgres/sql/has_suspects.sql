-- has_suspects.sql: whether these queues hold a job that is to be run alone.
SELECT 1 FROM jobhive_job
WHERE suspect_until BETWEEN 0 AND 9223372036854775807 AND queue = ANY (:queues::text[])
LIMIT 1;
