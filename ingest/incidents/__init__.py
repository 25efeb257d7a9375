"""What the sources of incidents share: settings, applications of services, one run, and the rows."""
