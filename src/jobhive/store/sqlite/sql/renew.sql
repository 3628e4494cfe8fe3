-- renew.sql: extend a lease. A row that does not come back belongs to somebody else now.
UPDATE job SET lease_until = :lease_until
WHERE id = :id AND claim = :claim AND state = 'running'
RETURNING id;
