-- claim.sql: the jobs just read become this worker's, each under a new token.
UPDATE job
SET state = 'running', claim = ((claim >> 32) + 1) << 32 | :salt, worker = :worker,
    claimed_at = :now, started_at = coalesce(started_at, :now), lease_until = :lease_until,
    last_seq = max(last_seq, 1), progress = NULL
WHERE seq IN (SELECT value FROM json_each(:seqs)) AND state = 'pending';
