-- token.sql: one token.
SELECT id, digest, name, owner, scopes, rate, created_at, expires_at, revoked_at, used_at
FROM jobhive_token WHERE id = :id;
