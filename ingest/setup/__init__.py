"""What `dora init` finds out before there are settings: at Gate with few requests, and in folders of repositories."""
