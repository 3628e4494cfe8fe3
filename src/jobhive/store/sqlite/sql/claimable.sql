-- claimable.sql: the pending jobs that come next, in order, as a JSON list of their seqs. Read inside the claiming
-- transaction; the index has all of it.
SELECT json_group_array(seq)
FROM (
    SELECT seq
    FROM job
    WHERE state = 'pending' AND queue = :queue AND kind IN (SELECT value FROM json_each(:kinds))
    ORDER BY priority DESC, seq
    LIMIT :limit
);
