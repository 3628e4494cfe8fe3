-- stream_head.sql: what a reader needs of the job itself.
SELECT id, state, last_seq, started_at, finished_at, facts, result, ending, error, reason FROM job WHERE id = :id;
