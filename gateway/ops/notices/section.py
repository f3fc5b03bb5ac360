"""Where the pages of notices stand at the desk."""

from contracts.notify import desk as contracts
from gateway.ops.notices import words
from gateway.ops.staff.pages import Section

AT = "/desk/notices"
NOTICES = Section(AT, "notices", contracts.WHO_AM_I, "notices.not_an_editor", words)
