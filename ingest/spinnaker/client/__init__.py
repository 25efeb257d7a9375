"""Reading Gate: paging, search by time, refetching, linked documents."""
