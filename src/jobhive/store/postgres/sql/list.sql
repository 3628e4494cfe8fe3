-- list.sql: a page of jobs, newest first; the conditions asked for are put in place of the marker. Running jobs have a
-- further one, that of the index of their leases, since no index has their state for its condition.
SELECT * FROM jobhive_job_record
WHERE id < :before /* conditions */ /* running: AND lease_until BETWEEN 0 AND 9223372036854775807 */
ORDER BY id DESC
LIMIT :limit::bigint;
