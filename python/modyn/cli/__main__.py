"""`python -m modyn.cli`."""

from modyn.cli.main import main

main()
