-- title    = "Applications that are deployed no more, while another one of the same repository is"
-- severity = "warn"
-- next     = "if it was renamed or ended, write became or until in [[applications]] of dora.toml; else raise ended_after_days"
-- One row is one application; its open changes are left out of lead time.
SELECT application, ended_at AS last_deployment_at, other_application, open_changes
FROM ended_applications
WHERE NOT is_stated
