"""`python -m detector`, the same as the command `digit-reader`."""

from detector.commands.cli import main

if __name__ == "__main__":
    main(prog="python -m detector")
