-- check.sql: takes a transaction's number, which a replica refuses; whether it may write for the rest; what server and
-- schema these are.
SELECT pg_current_xact_id(), current_setting('transaction_read_only') = 'on', current_setting('server_version'),
       current_setting('synchronous_commit'), (SELECT max(version) FROM jobhive_schema);
