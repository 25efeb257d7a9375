-- title    = "Rows that several landings have; each is counted once"
-- severity = "warn"
-- next     = "read each system in one landing alone, and give its source a name of its own"
-- One row is one table, with the number of rows that the same landings have.
SELECT table_name, sources, landings, rows, example_id
FROM landing.repeated_row
