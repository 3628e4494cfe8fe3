-- attempts.sql: the attempts that did not complete a job, oldest first.
SELECT attempt, outcome, started_at, ended_at, worker, error FROM jobhive_attempt WHERE job_id = :id ORDER BY attempt;
