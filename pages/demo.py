"""What the visitor of a live link sees: its title, what he may ask, the answers with their passages."""

from pages.ui import demo_chat, session

demo_chat.draw(session.workbench(), session.visit())
