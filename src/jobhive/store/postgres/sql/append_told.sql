-- append_told.sql: events that the store itself tells, such as `attempt`; their jobs' rows are locked.
INSERT INTO jobhive_event (job_id, first_seq, last_seq, claim, events)
SELECT * FROM unnest(:ids::text[], :first_seqs::bigint[], :last_seqs::bigint[], :claims::bigint[], :events::text[]);
