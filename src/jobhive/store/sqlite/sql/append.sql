-- append.sql: compare and append, second half.
INSERT INTO event (job_id, first_seq, last_seq, claim, events) VALUES (:id, :first_seq, :last_seq, :claim, :events);
