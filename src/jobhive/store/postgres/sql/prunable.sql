-- prunable.sql: the next jobs by their ids: how many there are up to the last old one, that one, and which have been kept
-- long enough. Who arrived after `before` cannot have ended before it; who arrived after `now` had another clock.
WITH coming AS MATERIALIZED (
    SELECT id, state, kind, created_at, finished_at FROM jobhive_job
    WHERE id > :after::text ORDER BY id LIMIT :limit::bigint
),
passed (last) AS (
    SELECT coalesce(max(id), :after::text) FROM coming WHERE created_at < :before::bigint OR created_at > :now::bigint
)
SELECT count(coming.id), last,
       array_agg(id ORDER BY id) FILTER (
           WHERE finished_at < :before::bigint AND state || ' ' || kind = ANY (:sorts::text[])
       )
FROM passed LEFT JOIN coming ON coming.id <= last
GROUP BY last;
