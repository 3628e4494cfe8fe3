-- revoke_token.sql: end a token; one that was revoked before stays as it is.
UPDATE token SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL;
