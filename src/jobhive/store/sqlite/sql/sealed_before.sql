-- sealed_before.sql: the hash that the next seal goes on from.
SELECT hash FROM audit WHERE number < :number ORDER BY number DESC LIMIT 1;
