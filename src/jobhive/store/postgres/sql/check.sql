-- check.sql: takes a transaction's number, which a server that only reads refuses; what server and schema these are.
SELECT pg_current_xact_id(), current_setting('server_version'), current_setting('synchronous_commit'),
       (SELECT max(version) FROM jobhive_schema);
