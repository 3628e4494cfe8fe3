-- claimed.sql: the jobs just claimed, in the order asked, as a JSON list of what a Claim holds, field for field. One text
-- for all: each row would be a wait for the interpreter's lock while other threads compute.
SELECT json_group_array(json_array(id, claim, kind, queue, params, failures, max_retries, last_seq, claimed_at, owner,
                                   priority, key, created_at, worker))
FROM (SELECT value AS chosen FROM json_each(:seqs)) CROSS JOIN job ON seq = chosen;
