-- claimable_suspects.sql: the same of the pending jobs that are to be run alone.
SELECT json_group_array(json_array(id, ((claim >> 32) + 1) << 32 | :salt, kind, params, failures, max_retries,
                                   max(last_seq, 1), owner, priority, key, created_at, seq))
FROM (
    SELECT *
    FROM job INDEXED BY job_suspect -- the one that is short however many jobs are pending
    WHERE state = 'pending' AND queue = :queue AND kind IN (SELECT value FROM json_each(:kinds))
      AND suspect_until IS NOT NULL
    ORDER BY priority DESC, seq
    LIMIT :limit OFFSET :offset
);
