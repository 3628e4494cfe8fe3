-- moved_under.sql: where a job stands whose newest token is this one.
SELECT state FROM job WHERE id = :id AND claim = :claim;
