-- touch_token.sql: note a token's last use.
UPDATE token SET used_at = :now WHERE id = :id;
