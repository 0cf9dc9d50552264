"""`python -m textbook_gym` is `textbook-gym`."""

import sys

from textbook_gym.cli.main import main

sys.exit(main())
