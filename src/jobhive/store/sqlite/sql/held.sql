-- held.sql: the running job that a receipt stands for.
SELECT id, claim, queue, last_seq, claimed_at, worker, cancel_requested_at, on_crash, crashes, losses, lease_until
FROM job
WHERE id = :id AND claim = :claim AND state = 'running';
