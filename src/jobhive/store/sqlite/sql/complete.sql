-- complete.sql: record a result. A row that does not change belongs to somebody else now.
UPDATE job SET state = 'complete', result = :result, ending = :ending, finished_at = :now, lease_until = NULL
WHERE id = :id AND claim = :claim AND state = 'running';
