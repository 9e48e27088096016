"""`python -m shared.cli`: the command line without its installed script."""

from shared.cli import main

main()
