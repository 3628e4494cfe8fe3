-- add_token.sql: store a new token.
INSERT INTO token (id, digest, name, owner, scopes, rate, created_at, expires_at)
VALUES (:id, :digest, :name, :owner, :scopes, :rate, :now, :expires_at);
