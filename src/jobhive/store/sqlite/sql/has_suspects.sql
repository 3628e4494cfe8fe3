-- has_suspects.sql: whether any job is to be run alone.
SELECT 1 FROM job INDEXED BY job_suspect WHERE suspect_until IS NOT NULL LIMIT 1;
