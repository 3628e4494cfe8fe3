-- find_key.sql: whose idempotency key this is.
SELECT id, kind, params FROM job WHERE owner = :owner AND key = :key;
