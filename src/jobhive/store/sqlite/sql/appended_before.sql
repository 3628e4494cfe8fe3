-- appended_before.sql: whether just this batch is stored already: its reply was lost, not its lease.
SELECT 1 FROM event JOIN job ON job.id = event.job_id
WHERE event.job_id = :id AND first_seq = :first_seq AND event.last_seq = :last_seq AND event.claim = :claim
  AND job.claim = :claim AND job.state = 'running';
