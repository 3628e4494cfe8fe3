-- seal_audit.sql: add the seals; one that is there already stays.
UPDATE jobhive_audit AS audit SET hash = sealed.hash
FROM unnest((SELECT :numbers::bigint[]), (SELECT :hashes::text[])) AS sealed (number, hash)
WHERE audit.number = sealed.number AND audit.hash IS NULL;
