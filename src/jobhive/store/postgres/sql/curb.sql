-- curb.sql: leases that were given before the clock was set back end soon after all; who holds one renews it in time.
UPDATE jobhive_job SET lease_until = :latest::bigint
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM jobhive_job
    WHERE lease_until BETWEEN :latest::bigint + 1 AND 9223372036854775807 AND state = 'running'
    FOR UPDATE SKIP LOCKED
));
