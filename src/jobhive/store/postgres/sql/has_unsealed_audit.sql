-- has_unsealed_audit.sql: whether there is an entry without a seal.
SELECT 1 FROM jobhive_audit WHERE hash IS NULL LIMIT 1;
