-- Jobs, their attempts and streams, the workers and the queues' settings. Times are epoch milliseconds of the server.

CREATE TABLE jobhive_job (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- order of arrival
    claim bigint NOT NULL DEFAULT 0,     -- token of the newest claim: attempt counter << 32 | salt
    priority bigint NOT NULL,            -- higher first
    failures bigint NOT NULL DEFAULT 0,
    crashes bigint NOT NULL DEFAULT 0,
    losses bigint NOT NULL DEFAULT 0,
    max_retries bigint NOT NULL,
    created_at bigint NOT NULL,
    run_at bigint,
    started_at bigint,                   -- first start, never overwritten
    claimed_at bigint,                   -- start of the newest attempt
    finished_at bigint,
    lease_until bigint,                  -- set while the job runs, and only then
    suspect_until bigint,                -- set while the job is to be run alone, by workers that ask for such jobs
    cancel_requested_at bigint,
    last_seq bigint NOT NULL DEFAULT 0,  -- number of the last event before the terminal one
    id text COLLATE "C" NOT NULL UNIQUE,
    kind text NOT NULL,
    queue text NOT NULL,
    state text NOT NULL,
    owner text NOT NULL,
    key text,                            -- idempotency key
    on_crash text NOT NULL,
    worker text,
    params text NOT NULL,
    facts text,
    progress text,
    result text,
    ending text,
    error text,
    reason text
) WITH (
    fillfactor = 85, -- room beside a row for its next version: an append then writes no index
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 1000
);

-- Partial, so that the cost of a claim does not grow with history.
CREATE INDEX jobhive_job_claimable ON jobhive_job (queue, priority DESC, seq) WHERE state = 'pending';
-- Running jobs. Its condition is not `state = 'running'`, because the planner would find a batch's jobs through it, each
-- by reading the whole of it: with outdated statistics it believes that nothing runs.
CREATE INDEX jobhive_job_leased ON jobhive_job (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX jobhive_job_due ON jobhive_job (run_at, queue) WHERE state = 'scheduled';
CREATE INDEX jobhive_job_failed ON jobhive_job (seq) WHERE state = 'failed';
CREATE INDEX jobhive_job_cancelled ON jobhive_job (seq) WHERE state = 'cancelled';
-- Suspects are few: they are found together and sorted. Claims and results leave the column as it is.
CREATE INDEX jobhive_job_suspect ON jobhive_job (suspect_until) WHERE suspect_until IS NOT NULL;
CREATE UNIQUE INDEX jobhive_job_key ON jobhive_job (owner, key) WHERE key IS NOT NULL;

CREATE FUNCTION jobhive_now_ms(shift bigint) RETURNS bigint LANGUAGE sql VOLATILE
AS $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + shift $$;

CREATE FUNCTION jobhive_refuse() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$;

-- The same table of legal moves as jobhive.core.states; the commonest come first.
CREATE TRIGGER jobhive_job_moves_legally BEFORE UPDATE OF state ON jobhive_job FOR EACH ROW
WHEN (NOT (
    OLD.state = 'pending' AND (NEW.state = 'running' OR NEW.state = 'cancelled')
    OR OLD.state = 'running' AND (
        NEW.state = 'complete' OR NEW.state = 'scheduled' OR NEW.state = 'failed' OR NEW.state = 'pending'
        OR NEW.state = 'cancelled' OR NEW.state = 'running' OR NEW.state = 'waiting'
    )
    OR OLD.state = 'scheduled' AND (NEW.state = 'pending' OR NEW.state = 'waiting' OR NEW.state = 'cancelled')
    OR OLD.state = 'waiting' AND (NEW.state = 'pending' OR NEW.state = 'scheduled' OR NEW.state = 'cancelled')
    OR OLD.state = 'failed' AND NEW.state = 'pending'
    OR OLD.state = 'cancelled' AND NEW.state = 'pending'
))
EXECUTE FUNCTION jobhive_refuse('illegal transition');

CREATE TRIGGER jobhive_job_starts_legally BEFORE INSERT ON jobhive_job FOR EACH ROW
WHEN (NOT (NEW.state = 'pending' OR NEW.state = 'scheduled' OR NEW.state = 'waiting'))
EXECUTE FUNCTION jobhive_refuse('illegal first state');

-- A row as jobhive.core.record.JobRecord, column for column.
CREATE VIEW jobhive_job_record AS
SELECT id, kind, queue, state, params, priority, owner, key, claim, failures, crashes, losses, max_retries, on_crash,
       created_at, run_at, started_at, claimed_at, finished_at, lease_until, cancel_requested_at, worker, facts,
       last_seq, progress, result, ending, error, reason, seq
FROM jobhive_job;

-- Attempts that did not complete their job.
CREATE TABLE jobhive_attempt (
    job_id text COLLATE "C" NOT NULL,
    attempt bigint NOT NULL,
    outcome text NOT NULL,
    started_at bigint NOT NULL,
    ended_at bigint NOT NULL,
    worker text,
    error text,
    PRIMARY KEY (job_id, attempt)
);

-- Streams in chunks. `started` and the terminal event are not here: they are told from the job's own row.
CREATE TABLE jobhive_event (
    job_id text COLLATE "C" NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    claim bigint NOT NULL,
    events text NOT NULL,                -- [[type, at, data], …]
    PRIMARY KEY (job_id, first_seq)
);

CREATE TABLE jobhive_worker (
    id text PRIMARY KEY,
    name text NOT NULL,
    node text NOT NULL,
    pid bigint NOT NULL,
    state text NOT NULL,
    queues text NOT NULL,
    kinds text NOT NULL,
    slots bigint NOT NULL,
    running bigint NOT NULL,
    completed bigint NOT NULL,
    errors bigint NOT NULL,
    started_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    is_retiring boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Only queues whose settings differ from the default have a row.
CREATE TABLE jobhive_queue (
    name text PRIMARY KEY,
    is_paused boolean NOT NULL DEFAULT false,
    running_limit bigint,
    depth_limit bigint
);
