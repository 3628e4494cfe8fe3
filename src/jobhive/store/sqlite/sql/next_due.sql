-- next_due.sql: when the next scheduled job is due.
SELECT min(run_at) FROM job WHERE state = 'scheduled';
