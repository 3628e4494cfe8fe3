-- Jobs, their attempts and streams, the workers and the queues' settings. Times are epoch milliseconds.

CREATE TABLE job (
    seq INTEGER PRIMARY KEY,             -- order of arrival
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    queue TEXT NOT NULL,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,           -- higher first
    owner TEXT NOT NULL,
    key TEXT,                            -- idempotency key
    claim INTEGER NOT NULL DEFAULT 0,    -- token of the newest claim: attempt counter << 32 | salt
    failures INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    losses INTEGER NOT NULL DEFAULT 0,
    max_retries INTEGER NOT NULL,
    on_crash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    run_at INTEGER,
    started_at INTEGER,                  -- first start, never overwritten
    claimed_at INTEGER,                  -- start of the newest attempt
    finished_at INTEGER,
    lease_until INTEGER,
    cancel_requested_at INTEGER,
    worker TEXT,
    last_seq INTEGER NOT NULL DEFAULT 0, -- number of the last event before the terminal one
    params TEXT NOT NULL,
    facts TEXT,
    progress TEXT,
    result TEXT,
    ending TEXT,
    error TEXT,
    reason TEXT
) STRICT;

-- Partial, so that the cost of a claim does not grow with history; `kind` rides along to keep foreign kinds cheap.
CREATE INDEX job_claimable ON job (queue, priority DESC, seq, kind) WHERE state = 'pending';
CREATE INDEX job_running ON job (queue, worker) WHERE state = 'running';
CREATE INDEX job_due ON job (run_at, queue) WHERE state = 'scheduled';
CREATE INDEX job_failed ON job (seq) WHERE state = 'failed';
CREATE INDEX job_cancelled ON job (seq) WHERE state = 'cancelled';
CREATE UNIQUE INDEX job_key ON job (owner, key) WHERE key IS NOT NULL;

-- The same table of legal moves as jobhive.core.states; the commonest come first. Written with OR: an IN list of more
-- than two is built anew each time a trigger runs.
CREATE TRIGGER job_moves_legally AFTER UPDATE OF state ON job
WHEN NOT (
    OLD.state = 'pending' AND (NEW.state = 'running' OR NEW.state = 'cancelled')
    OR OLD.state = 'running' AND (
        NEW.state = 'complete' OR NEW.state = 'scheduled' OR NEW.state = 'failed' OR NEW.state = 'pending'
        OR NEW.state = 'cancelled' OR NEW.state = 'running' OR NEW.state = 'waiting'
    )
    OR OLD.state = 'scheduled' AND (NEW.state = 'pending' OR NEW.state = 'waiting' OR NEW.state = 'cancelled')
    OR OLD.state = 'waiting' AND (NEW.state = 'pending' OR NEW.state = 'scheduled' OR NEW.state = 'cancelled')
    OR OLD.state = 'failed' AND NEW.state = 'pending'
    OR OLD.state = 'cancelled' AND NEW.state = 'pending'
)
BEGIN
    SELECT RAISE(ABORT, 'illegal transition');
END;

CREATE TRIGGER job_starts_legally AFTER INSERT ON job
WHEN NOT (NEW.state = 'pending' OR NEW.state = 'scheduled' OR NEW.state = 'waiting')
BEGIN
    SELECT RAISE(ABORT, 'illegal first state');
END;

-- A row as jobhive.core.record.JobRecord, column for column.
CREATE VIEW job_record AS
SELECT id, kind, queue, state, params, priority, owner, key, claim, failures, crashes, losses, max_retries, on_crash,
       created_at, run_at, started_at, claimed_at, finished_at, lease_until, cancel_requested_at, worker, facts,
       last_seq, progress, result, ending, error, reason, seq
FROM job;

-- Attempts that did not complete their job.
CREATE TABLE attempt (
    job_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    worker TEXT,
    error TEXT,
    PRIMARY KEY (job_id, attempt)
) STRICT, WITHOUT ROWID;

-- Streams in chunks. `started` and the terminal event are not here: they are told from the job's own row.
CREATE TABLE event (
    job_id TEXT NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    claim INTEGER NOT NULL,
    events TEXT NOT NULL,                -- [[type, at, data], …]
    PRIMARY KEY (job_id, first_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE worker (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    node TEXT NOT NULL,
    pid INTEGER NOT NULL,
    state TEXT NOT NULL,
    queues TEXT NOT NULL,
    kinds TEXT NOT NULL,
    slots INTEGER NOT NULL,
    running INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    is_retiring INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Only queues whose settings differ from the default have a row.
CREATE TABLE queue (
    name TEXT PRIMARY KEY,
    is_paused INTEGER NOT NULL DEFAULT 0,
    running_limit INTEGER,
    depth_limit INTEGER
) STRICT, WITHOUT ROWID;
