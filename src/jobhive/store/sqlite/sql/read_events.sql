-- read_events.sql: the chunks that hold numbers above `after`.
SELECT first_seq, last_seq, events FROM event
WHERE job_id = :id
  AND first_seq >= coalesce((SELECT max(first_seq) FROM event WHERE job_id = :id AND first_seq <= :after + 1), 0)
  AND last_seq > :after
ORDER BY first_seq
LIMIT :limit;
