-- The index of running jobs without their worker: every claim and finish writes it, and a worker's jobs are few enough to
-- be looked up one by one.

DROP INDEX job_running;
CREATE INDEX job_running ON job (queue) WHERE state = 'running';
