-- now.sql: the store's clock.
SELECT jobhive_now_ms(:offset);
