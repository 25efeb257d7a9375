"""The command ``dora``."""

from dora.cli.app import main

if __name__ == "__main__":
    main()
