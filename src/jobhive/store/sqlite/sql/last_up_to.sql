-- last_up_to.sql: the newest job that arrived no later than this one did.
SELECT coalesce(max(seq), 0) FROM job WHERE seq <= :seq;
