-- Tokens and the audit log. Times are epoch milliseconds of the server.

CREATE TABLE jobhive_token (
    id text COLLATE "C" PRIMARY KEY,
    digest text NOT NULL,                -- SHA-256 of the token's text, hexadecimal
    name text NOT NULL,
    owner text NOT NULL,
    scopes text NOT NULL,                -- JSON list
    rate text,                           -- N/s, N/min or N/h
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint,
    used_at bigint                       -- to the minute
);

CREATE TABLE jobhive_audit (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    actor text NOT NULL,
    act text NOT NULL,
    target text NOT NULL,
    detail text NOT NULL,                -- JSON object
    hash text                            -- set by the seal
);

CREATE INDEX jobhive_audit_unsealed ON jobhive_audit (number) WHERE hash IS NULL;

-- An owner's jobs, newest first; jobs that belong to nobody cost nothing here.
CREATE INDEX jobhive_job_owner ON jobhive_job (owner, seq) WHERE owner <> '';
