-- title    = "Users who approved, of whom it is unknown whether they are an author or another user"
-- severity = "warn"
-- next     = "name the person in [people] of dora.toml, with e-mails and logins"
-- One row is one user whose login no author has, or who may be one of several persons.
SELECT people.identity AS user, people.possible AS persons, count(*) AS decisions, max(approvals.decided_at) AS last_at
FROM approvals
INNER JOIN people ON nfc_normalize(lower(approvals.decided_by)) = people.identity
WHERE NOT people.is_known OR len(people.possible) > 0
GROUP BY people.identity, people.possible
