-- add_token.sql: store a new token.
INSERT INTO jobhive_token (id, digest, name, owner, scopes, rate, created_at, expires_at)
SELECT :id, :digest, :name, :owner, :scopes, :rate, clock.now, clock.now + :lifetime::bigint
FROM (SELECT jobhive_now_ms(:offset)) AS clock (now);
