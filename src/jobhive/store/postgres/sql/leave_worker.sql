-- leave_worker.sql: forget a worker that stopped or is known to be dead.
DELETE FROM jobhive_worker WHERE id = :id RETURNING id, name, node, pid;
