"""Where the pages of notices stand at the desk."""

from contracts.notify import desk as contracts
from gateway.ops.counter import Place
from gateway.ops.notices import words

AT = "/desk/notices"
NOTICES = Place(AT, "notices", contracts.WHO_AM_I, "notices.not_an_editor", words)
