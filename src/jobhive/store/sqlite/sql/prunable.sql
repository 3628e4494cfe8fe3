-- prunable.sql: the next jobs in order of arrival: how many of them are old, the last of these, and which have been kept
-- long enough. Who arrived after `before` cannot have ended before it; who arrived after `now` had another clock.
WITH passed (seq, state, kind, finished_at) AS MATERIALIZED (
    SELECT seq, state, kind, finished_at
    FROM (SELECT * FROM job WHERE seq > :after ORDER BY seq LIMIT :limit)
    WHERE created_at < :before OR created_at > :now
)
SELECT count(*), coalesce(max(seq), :after),
       json_group_array(seq) FILTER (
           WHERE finished_at < :before AND state || ' ' || kind IN (SELECT value FROM json_each(:sorts))
       )
FROM passed;
