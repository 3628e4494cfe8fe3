-- read_audit.sql: entries behind a number, in their order.
SELECT number, at, actor, act, target, detail, hash FROM audit WHERE number > :after ORDER BY number LIMIT :limit;
