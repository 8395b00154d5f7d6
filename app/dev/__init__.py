"""bin/dev: engines, database, demo, web and worker, all started and all ended by one process."""
