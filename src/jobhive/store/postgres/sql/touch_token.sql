-- touch_token.sql: note a token's last use.
UPDATE jobhive_token SET used_at = jobhive_now_ms(:offset) WHERE id = :id;
