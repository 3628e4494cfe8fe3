-- insert.sql: store new jobs. A repeated id is a repeated call: its row stays as it is.
INSERT INTO job (id, kind, queue, state, priority, owner, key, max_retries, on_crash, created_at, run_at, params)
VALUES (:id, :kind, :queue, :state, :priority, :owner, :key, :max_retries, :on_crash, :created_at, :run_at, :params)
ON CONFLICT (id) DO NOTHING;
