-- has_suspects.sql: whether any job is to be run alone.
SELECT 1 FROM jobhive_job WHERE suspect_until >= 0 ORDER BY suspect_until LIMIT 1;
