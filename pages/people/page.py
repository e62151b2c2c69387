"""People: who uses this app, what each spent and may spend; for the owner alone."""

from pages.people import people_cards
from pages.ui import session

if session.is_owner():
    people_cards.draw(session.workbench())
else:
    people_cards.nothing()
