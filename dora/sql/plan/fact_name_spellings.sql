-- One row is one spelling of a name that a part replaces.
SELECT application_parts.part, name_spellings.*
FROM name_spellings
INNER JOIN application_parts ON name_spellings.spelling = application_parts.spelling
WHERE name_spellings.kind = 'application' AND name_spellings.spelling <> name_spellings.name
UNION ALL
SELECT repository_parts.part, name_spellings.*
FROM name_spellings
INNER JOIN repository_parts ON name_spellings.spelling = repository_parts.spelling
WHERE name_spellings.kind = 'repository' AND name_spellings.spelling <> name_spellings.name
UNION ALL
SELECT part_numbers.part, name_spellings.*
FROM name_spellings
CROSS JOIN part_numbers
WHERE name_spellings.kind NOT IN ('application', 'repository') AND name_spellings.spelling <> name_spellings.name
