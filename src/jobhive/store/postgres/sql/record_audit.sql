-- record_audit.sql: write entries in their order, not yet sealed.
INSERT INTO jobhive_audit (at, actor, act, target, detail)
SELECT jobhive_now_ms(:offset), actor, act, target, detail
FROM unnest(:actors::text[], :acts::text[], :targets::text[], :details::text[])
     WITH ORDINALITY AS told (actor, act, target, detail, place)
ORDER BY place;
