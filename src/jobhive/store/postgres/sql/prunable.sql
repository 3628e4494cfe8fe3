-- prunable.sql: the next jobs in order of arrival: how many of them are old, the last of these, and which have been kept
-- long enough. Who arrived after `before` cannot have ended before it; who arrived after `now` had another clock.
WITH passed AS MATERIALIZED (
    SELECT id, seq, state, kind, finished_at
    FROM (SELECT * FROM jobhive_job WHERE seq > :after::bigint ORDER BY seq LIMIT :limit::bigint) AS coming
    WHERE created_at < :before::bigint OR created_at > :now::bigint
)
SELECT count(*), coalesce(max(seq), :after::bigint),
       array_agg(id ORDER BY id) FILTER (
           WHERE finished_at < :before::bigint AND state || ' ' || kind = ANY (:sorts::text[])
       )
FROM passed;
