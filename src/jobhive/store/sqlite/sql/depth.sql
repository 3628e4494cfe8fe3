-- depth.sql: jobs of a queue that wait for a worker or for their time, and the arrival of the oldest pending one.
SELECT (SELECT count(*) FROM job WHERE state = 'pending' AND queue = :queue)
     + (SELECT count(*) FROM job WHERE state = 'scheduled' AND queue = :queue),
       (SELECT created_at FROM job WHERE seq = (SELECT min(seq) FROM job WHERE state = 'pending' AND queue = :queue));
