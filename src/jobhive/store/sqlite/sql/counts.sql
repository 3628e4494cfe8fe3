-- counts.sql: jobs by state; complete ones are what is left, because only they have no index of their own.
WITH counted (state, jobs) AS (
    SELECT 'pending', count(*) FROM job WHERE state = 'pending'
    UNION ALL SELECT 'running', count(*) FROM job WHERE state = 'running'
    UNION ALL SELECT 'scheduled', count(*) FROM job WHERE state = 'scheduled'
    UNION ALL SELECT 'failed', count(*) FROM job WHERE state = 'failed'
    UNION ALL SELECT 'cancelled', count(*) FROM job WHERE state = 'cancelled'
)
SELECT state, jobs FROM counted
UNION ALL SELECT 'complete', (SELECT count(*) FROM job) - (SELECT sum(jobs) FROM counted);
