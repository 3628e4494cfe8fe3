-- insert_alike.sql: the same for many jobs that differ in id and params only, {id: params, …}. One statement for all: a
-- statement per row would bind every column and start the guarding trigger anew for each.
INSERT INTO job (id, params, kind, queue, state, priority, owner, key, max_retries, on_crash, created_at, run_at)
SELECT new.key, new.value, :kind, :queue, :state, :priority, :owner, NULL, :max_retries, :on_crash, :created_at, :run_at
FROM json_each(:jobs) AS new
WHERE true -- or the parser would take ON for a join's
ON CONFLICT (id) DO NOTHING;
