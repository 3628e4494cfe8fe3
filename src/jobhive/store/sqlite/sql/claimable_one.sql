-- claimable_one.sql: one job, if it is pending. Read inside the claiming transaction.
SELECT seq, queue
FROM job
WHERE id = :id AND state = 'pending';
