-- One row is one selected deployment.
SELECT deployment_id FROM selected_deployments
