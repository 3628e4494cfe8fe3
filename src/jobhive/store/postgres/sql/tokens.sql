-- tokens.sql: all tokens, oldest first.
SELECT id, digest, name, owner, scopes, rate, created_at, expires_at, revoked_at, used_at
FROM jobhive_token ORDER BY created_at, id;
