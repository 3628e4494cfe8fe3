-- next_due.sql: milliseconds until the next scheduled job is due.
SELECT min(run_at) - (SELECT jobhive_now_ms(:offset)) FROM jobhive_job WHERE state = 'scheduled';
