-- sizes.sql: bytes on disk by table, indexes and what was moved out of rows included.
SELECT relname::text, pg_total_relation_size(oid) FROM pg_class
WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind = 'r' AND relname LIKE 'jobhive\_%'
ORDER BY relname;
