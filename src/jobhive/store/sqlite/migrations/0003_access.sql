-- Tokens and the audit log. Times are epoch milliseconds.

CREATE TABLE token (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL,                -- SHA-256 of the token's text, hexadecimal
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    scopes TEXT NOT NULL,                -- JSON list
    rate TEXT,                           -- N/s, N/min or N/h
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    used_at INTEGER                      -- to the minute
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL,                -- JSON object
    hash TEXT                            -- set by the seal
) STRICT;

CREATE INDEX audit_unsealed ON audit (number) WHERE hash IS NULL;

-- An owner's jobs, newest first; jobs that belong to nobody cost nothing here.
CREATE INDEX job_owner ON job (owner, seq) WHERE owner <> '';
