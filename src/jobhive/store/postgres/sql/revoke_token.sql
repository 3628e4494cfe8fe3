-- revoke_token.sql: end a token; one that was revoked before stays as it is.
UPDATE jobhive_token SET revoked_at = jobhive_now_ms(:offset) WHERE id = :id AND revoked_at IS NULL RETURNING id;
