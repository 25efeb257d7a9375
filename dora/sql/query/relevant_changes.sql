-- One row is one application, with how large a move of its numbers must be to matter: of shares a difference, else a part.
SELECT
  application,
  CASE WHEN $is_share THEN relevant_change_of_shares ELSE relevant_change END AS relevant_change
FROM definitions
