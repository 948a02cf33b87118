"""``python -m volopt`` is the ``volopt`` command."""

from volopt.cli.main import main

if __name__ == "__main__":
    main()
