import sys

from core.assets.command import main

sys.exit(main(sys.argv[1:]))
