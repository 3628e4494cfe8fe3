-- record_attempt.sql: how an attempt ended that did not complete its job.
INSERT INTO attempt (job_id, attempt, outcome, started_at, ended_at, worker, error)
VALUES (:id, :attempt, :outcome, :started_at, :ended_at, :worker, :error);
