"""``python -m parksim`` is the command ``parksim``."""

from parksim.cli import main

if __name__ == "__main__":
    main()
