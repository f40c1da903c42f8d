"""`python -m workfleet.workers.cli` is `fleet`."""

from .main import main

main()
