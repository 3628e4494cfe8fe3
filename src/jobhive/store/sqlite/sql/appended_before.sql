-- appended_before.sql: whether just this batch is stored already: its reply was lost, not its lease.
SELECT 1 FROM event WHERE job_id = :id AND first_seq = :first_seq AND last_seq = :last_seq AND claim = :claim;
