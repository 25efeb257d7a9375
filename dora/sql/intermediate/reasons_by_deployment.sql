-- One row is one deployment that shipped changes first: the latest of them in words, and how many more there are.
SELECT
  shipped_by AS deployment_id,
  concat_ws(
    ' ',
    arg_max(coalesce(subject, left(sha, 9)), merged_at),
    CASE
      WHEN NOT contains(arg_max(coalesce(subject, ''), merged_at), arg_max(coalesce(change_request, '#'), merged_at))
        THEN '(#' || arg_max(change_request, merged_at) || ')'
    END,
    CASE WHEN count(*) > 1 THEN 'and ' || (count(*) - 1) || ' more' END
  ) AS reason
FROM changes
WHERE shipped_by IS NOT NULL AND NOT baseline
GROUP BY shipped_by
