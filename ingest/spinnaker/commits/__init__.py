"""Which commit an execution deployed: artifacts, webhooks, versions."""
