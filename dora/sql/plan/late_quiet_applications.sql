-- One row is one application of a part that is deployed no more while another one of its repository is.
SELECT parts_of_applications.part, quiet_applications.*
FROM quiet_applications
INNER JOIN parts_of_applications ON quiet_applications.application = parts_of_applications.application
