-- claimable.sql: the pending jobs that come next, in order, as a JSON list: what a Claim will hold of each, field for
-- field up to its queue, then its seq; suspects are left to claimable_suspects.sql. Read inside the claiming
-- transaction. One text for all: each row would be a wait for the interpreter's lock while other threads compute.
SELECT json_group_array(json_array(id, ((claim >> 32) + 1) << 32 | :salt, kind, params, failures, max_retries,
                                   max(last_seq, 1), owner, priority, key, created_at, seq))
FROM (
    SELECT *
    FROM job
    WHERE state = 'pending' AND queue = :queue AND kind IN (SELECT value FROM json_each(:kinds))
      AND suspect_until IS NULL
    ORDER BY priority DESC, seq
    LIMIT :limit OFFSET :offset
);
