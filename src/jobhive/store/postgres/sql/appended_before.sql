-- appended_before.sql: which of these batches are stored already: their reply was lost, not their lease.
SELECT told.id
FROM unnest((SELECT :ids::text[]), (SELECT :claims::bigint[]), (SELECT :first_seqs::bigint[]),
            (SELECT :last_seqs::bigint[])) AS told (id, claim, first_seq, last_seq)
JOIN jobhive_event AS event ON event.job_id = told.id AND event.first_seq = told.first_seq
JOIN jobhive_job AS job ON job.id = told.id
WHERE event.last_seq = told.last_seq AND event.claim = told.claim AND job.claim = told.claim AND job.state = 'running';
