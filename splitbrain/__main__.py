"""`python -m splitbrain`, and the `splitbrain` command."""

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        from .bench.cli.main import run

        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(2)


if __name__ == "__main__":
    main()
