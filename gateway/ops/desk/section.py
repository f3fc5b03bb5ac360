"""The sections of the desk that work on people's requests."""

from gateway.ops.desk import letter_words, words
from gateway.ops.staff.pages import Section

AT = "/desk"
TICKETS = Section(AT, "desk", None, "", words, of_agencies=False)
LETTERS = Section(f"{AT}/letters", "desk", None, "", letter_words, of_agencies=False)
