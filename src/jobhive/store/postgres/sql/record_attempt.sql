-- record_attempt.sql: how attempts ended that did not complete their jobs.
INSERT INTO jobhive_attempt (job_id, attempt, outcome, started_at, ended_at, worker, error)
SELECT gone.id, gone.attempt, gone.outcome, gone.started_at, :now::bigint, gone.worker, gone.error
FROM unnest(:ids::text[], :attempts::bigint[], :outcomes::text[], :started_ats::bigint[], :workers::text[],
            :errors::text[]) AS gone (id, attempt, outcome, started_at, worker, error);
