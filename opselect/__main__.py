"""``python -m opselect`` is the command line."""

from opselect.cli.main import main

if __name__ == "__main__":
    main()
