-- list.sql: a page of jobs, newest first; the conditions asked for are put in place of the marker. Running jobs have a
-- further one: the planner takes their index only where it need not sort, else it would read the whole table.
SELECT * FROM job_record
WHERE seq < :before /* conditions */ /* running: AND seq IN (SELECT seq FROM job WHERE state = 'running') */
ORDER BY seq DESC
LIMIT :limit;
