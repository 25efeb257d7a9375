-- One row is one application of a part.
SELECT part, application FROM parts_of_applications
