-- notify.sql: wakes listeners in other processes. Never part of a transaction that writes: the lock that NOTIFY takes for
-- its commit would put all of them in a row.
SELECT pg_notify(:channel, message) FROM unnest(:messages::text[]) AS message;
