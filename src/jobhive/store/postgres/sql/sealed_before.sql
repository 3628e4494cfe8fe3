-- sealed_before.sql: the hash that the next seal goes on from.
SELECT hash FROM jobhive_audit WHERE number < :number::bigint ORDER BY number DESC LIMIT 1;
