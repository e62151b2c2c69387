"""The parts of the app, each built from the others when it is first asked for, and once.

In floors, each of which stands on the one before: what is kept, who is asked, what is read, what is
answered, and with whom it is shared.
"""

from core.parts.sharing import Parts as Parts
