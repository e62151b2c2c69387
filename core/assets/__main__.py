import sys

from core.assets.command import main
from core.errors import Misuse

try:
    sys.exit(main(sys.argv[1:]))
except Misuse as error:
    sys.exit(f"{error}.\n{error.hint}")
