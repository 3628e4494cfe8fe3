-- tend_suspects.sql: somebody runs a queue's suspects alone: those just claimed are none any more, the others stay so.
UPDATE job SET suspect_until = CASE state WHEN 'pending' THEN :until END
WHERE suspect_until IS NOT NULL AND queue = :queue;
