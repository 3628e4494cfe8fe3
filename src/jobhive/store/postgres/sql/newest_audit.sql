-- newest_audit.sql: the last entries, in their order.
SELECT * FROM (
    SELECT number, at, actor, act, target, detail, hash FROM jobhive_audit ORDER BY number DESC LIMIT :limit::bigint
) AS newest
ORDER BY number;
