-- One row is one change that reverts a change that does nothing but revert. A chain of such reverts is in revert_chains.
SELECT direct_reverts.repository AS scope, direct_reverts.sha AS id, direct_reverts.reverted_sha AS earlier_id
FROM direct_reverts
INNER JOIN pure_reverts
  ON direct_reverts.repository = pure_reverts.repository AND direct_reverts.reverted_sha = pure_reverts.sha
