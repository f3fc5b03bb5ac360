"""Where the book of the desk stands among the pages of colleagues."""

from gateway.ops.book import texts
from gateway.ops.staff.pages import Section

AT = "/desk/book"
BOOK = Section(AT, "book", None, "", texts, of_agencies=False)
