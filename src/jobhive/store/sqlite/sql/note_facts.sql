-- note_facts.sql: what the worker says of itself at a job's first start; later starts do not change it.
UPDATE job SET facts = :facts
WHERE seq IN (SELECT value FROM json_each(:seqs)) AND kind = :kind AND claim >> 32 = 1;
