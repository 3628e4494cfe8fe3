-- Suspects: pending jobs that were in flight when a worker's process crashed. They are run alone, one to a process, by
-- workers that ask for them; who is not asked for until then is a job like any other again.

ALTER TABLE job ADD COLUMN suspect_until INTEGER;

-- On a column that claims and results leave as it is, so that they do not pay for it.
CREATE INDEX job_suspect ON job (queue, priority DESC, seq, kind) WHERE suspect_until IS NOT NULL;
