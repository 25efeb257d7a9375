-- One row is one application that ended, as the models have it, though the settings do not say so.
SELECT application FROM ended_applications WHERE NOT is_stated
