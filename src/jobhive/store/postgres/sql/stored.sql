-- stored.sql: which of these ids are stored.
SELECT id FROM jobhive_job WHERE id = ANY (:ids::text[]);
