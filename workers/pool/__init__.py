"""A worker process: Celery's side of it, its duties, and what it tells the fleet."""
