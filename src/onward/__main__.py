"""``python -m onward``."""

from onward.cli.app import main

main()
