-- seal_audit.sql: add the seals, [[number, hash], …]; one that is there already stays.
UPDATE audit SET hash = sealed.value ->> 1
FROM json_each(:seals) AS sealed
WHERE audit.number = sealed.value ->> 0 AND audit.hash IS NULL;
