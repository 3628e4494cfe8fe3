-- unsealed_audit.sql: the oldest entries without a seal up to a number, locked.
SELECT number, at, actor, act, target, detail, hash
FROM jobhive_audit WHERE hash IS NULL AND number <= :settled::bigint
ORDER BY number
LIMIT :limit::bigint
FOR UPDATE;
