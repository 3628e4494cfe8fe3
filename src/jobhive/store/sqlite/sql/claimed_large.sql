-- claimed_large.sql: the same as rows, for jobs whose params together are more than one text can hold.
SELECT id, claim, kind, queue, params, failures, max_retries, last_seq, claimed_at, owner, priority, key, created_at,
       worker
FROM (SELECT value AS chosen FROM json_each(:seqs)) CROSS JOIN job ON seq = chosen;
