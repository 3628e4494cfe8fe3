-- last_audit.sql: the newest number.
SELECT max(number) FROM jobhive_audit;
