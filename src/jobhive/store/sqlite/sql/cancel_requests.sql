-- cancel_requests.sql: whether somebody asked to cancel the running job of a receipt.
SELECT id FROM job
WHERE id = :id AND claim = :claim AND state = 'running' AND cancel_requested_at IS NOT NULL;
