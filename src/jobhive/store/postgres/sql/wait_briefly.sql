-- wait_briefly.sql: for a lock, until the end of this transaction. Who waits for a whole table, such as one that is being
-- vacuumed, keeps everybody off it that comes later.
SET LOCAL lock_timeout = '100ms';
