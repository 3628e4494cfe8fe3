-- record_audit.sql: write an entry, not yet sealed.
INSERT INTO audit (at, actor, act, target, detail) VALUES (:now, :actor, :act, :target, :detail);
