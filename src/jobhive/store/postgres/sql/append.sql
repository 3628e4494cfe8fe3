-- append.sql: compare and append. A stream grows only from where the writer believes it ends; the row's lock keeps
-- rescuers out until the chunks are stored. `ids` and what belongs to them: one span for each job.
WITH grown AS (
    UPDATE jobhive_job AS job
    SET last_seq = span.last_seq, progress = coalesce(span.progress, job.progress)
    FROM unnest((SELECT :ids::text[]), (SELECT :claims::bigint[]), (SELECT :first_seqs::bigint[]),
                (SELECT :last_seqs::bigint[]), (SELECT :progresses::text[])) AS span (id, claim, first_seq, last_seq, progress)
    WHERE job.id = span.id AND job.claim = span.claim AND job.state = 'running' AND job.last_seq = span.first_seq - 1
    RETURNING job.id, job.claim
),
stored AS (
    INSERT INTO jobhive_event (job_id, first_seq, last_seq, claim, events)
    SELECT chunk.id, chunk.first_seq, chunk.last_seq, chunk.claim, chunk.events
    FROM unnest(:chunk_ids::text[], :chunk_claims::bigint[], :chunk_first_seqs::bigint[], :chunk_last_seqs::bigint[],
                :chunk_events::text[]) AS chunk (id, claim, first_seq, last_seq, events)
    JOIN grown ON grown.id = chunk.id AND grown.claim = chunk.claim
)
SELECT id, claim FROM grown;
