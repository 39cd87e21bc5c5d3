"""`python -m clocker_actors` is `clocker`."""

import sys

from clocker_actors.cli import main

sys.exit(main())
