-- absolve.sql: suspects that nobody runs alone become jobs like any other.
UPDATE job SET suspect_until = NULL WHERE suspect_until < :now RETURNING queue;
