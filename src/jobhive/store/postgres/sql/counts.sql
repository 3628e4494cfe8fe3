-- counts.sql: jobs by state; complete ones are what is left, because only they have no index of their own.
WITH counted (state, jobs) AS (
    SELECT 'pending', count(*) FROM jobhive_job WHERE state = 'pending'
    UNION ALL SELECT 'running', count(*) FROM jobhive_job WHERE lease_until BETWEEN 0 AND 9223372036854775807
    UNION ALL SELECT 'scheduled', count(*) FROM jobhive_job WHERE state = 'scheduled'
    UNION ALL SELECT 'failed', count(*) FROM jobhive_job WHERE state = 'failed'
    UNION ALL SELECT 'cancelled', count(*) FROM jobhive_job WHERE state = 'cancelled'
)
SELECT state, jobs FROM counted
UNION ALL SELECT 'complete', (SELECT count(*) FROM jobhive_job) - (SELECT sum(jobs) FROM counted)::bigint;
