"""`python -m workfleet.workers.simulator`: `fleet simulate` without the rest of the command line."""

from ..cli.simulate import main

main()
