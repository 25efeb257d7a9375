-- One row: the number of canaries of each notable class.
SELECT $counts FROM ($canaries)
