-- has_suspects.sql: whether any job is to be run alone.
SELECT 1 FROM jobhive_job WHERE suspect_until IS NOT NULL LIMIT 1;
