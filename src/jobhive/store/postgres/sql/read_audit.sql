-- read_audit.sql: entries behind a number, in their order.
SELECT number, at, actor, act, target, detail, hash
FROM jobhive_audit WHERE number > :after::bigint ORDER BY number LIMIT :limit::bigint;
