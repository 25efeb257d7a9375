-- One row is one word for an outcome with the number of listed deployments that ended so.
SELECT listed_deployments.word, count(*) AS n FROM ($listed) AS listed_deployments GROUP BY listed_deployments.word
