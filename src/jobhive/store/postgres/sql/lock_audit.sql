-- lock_audit.sql: returns once all who have taken a number have committed or gone; new ones wait until the end of this
-- transaction. From then on nobody comes in below the numbers that are there.
LOCK TABLE jobhive_audit IN SHARE ROW EXCLUSIVE MODE;
