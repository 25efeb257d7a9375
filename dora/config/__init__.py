"""dora.toml: settings, definitions, teams, working hours and name patterns."""
