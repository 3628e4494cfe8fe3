-- unsealed_audit.sql: the oldest entries without a seal.
SELECT number, at, actor, act, target, detail, hash FROM audit WHERE hash IS NULL ORDER BY number LIMIT :limit;
