-- One row is one configuration of canaries of a part with its latest name.
WITH configurations AS (
  SELECT canary_parts.part, canary.source, canary.config AS config_id
  FROM facts.canary
  INNER JOIN canary_parts ON canary.source = canary_parts.source AND canary.id = canary_parts.id
  UNION
  SELECT judgment_parts.part, canary_judgment.source, canary_judgment.config_id
  FROM facts.canary_judgment
  INNER JOIN judgment_parts
    ON canary_judgment.source = judgment_parts.source AND canary_judgment.id = judgment_parts.judgment_id
)
SELECT configurations.part, canary_config_names.*
FROM canary_config_names
INNER JOIN configurations
  ON canary_config_names.source = configurations.source AND canary_config_names.config_id = configurations.config_id
