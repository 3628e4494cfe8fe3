-- still_prunable.sql: which of the jobs just found are still final and old: an operator may have retried one.
SELECT id FROM job
WHERE seq IN (SELECT value FROM json_each(:seqs)) AND finished_at < :before
  AND state IN ('complete', 'failed', 'cancelled');
