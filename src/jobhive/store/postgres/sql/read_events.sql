-- read_events.sql: what a reader needs of the job itself, and the chunks that hold numbers above `after`, until their
-- text fills `most` characters; from one snapshot. One more than the greatest number would be too large, so the greatest
-- counts as the one before: a chunk that began there would be the last.
SELECT id, state, last_seq, started_at, finished_at, facts, result, ending, error, reason,
       chunks.first_seqs, chunks.last_seqs, chunks.events
FROM jobhive_job
CROSS JOIN LATERAL (
    SELECT array_agg(chunk.first_seq) AS first_seqs, array_agg(chunk.last_seq) AS last_seqs,
           array_agg(chunk.events) AS events
    FROM (
        SELECT first_seq, last_seq, events,
               sum(length(events)) OVER (ORDER BY first_seq) - length(events) AS characters_before
        FROM (
            SELECT first_seq, last_seq, events FROM jobhive_event
            WHERE job_id = :id
              AND first_seq >= coalesce(
                      (SELECT max(first_seq) FROM jobhive_event
                       WHERE job_id = :id AND first_seq <= least(:after::bigint, 9223372036854775806) + 1),
                      0)
              AND last_seq > :after::bigint
            ORDER BY first_seq
            LIMIT :limit::bigint
        ) AS coming
        ORDER BY first_seq
    ) AS chunk
    WHERE chunk.characters_before < :most::bigint
) AS chunks
WHERE id = :id;
