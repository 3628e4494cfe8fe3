-- queue_settings.sql: settings of those of these queues that have any.
SELECT name, is_paused, running_limit FROM jobhive_queue WHERE name = ANY (:queues::text[]);
