-- advance_stream.sql: compare and append, first half: the stream grows only from where the writer believes it ends.
UPDATE job SET last_seq = :last_seq, progress = coalesce(:progress, progress)
WHERE id = :id AND claim = :claim AND state = 'running' AND last_seq = :first_seq - 1
RETURNING id;
