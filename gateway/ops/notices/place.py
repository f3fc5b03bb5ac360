"""Where the pages of notices stand at the desk."""

import gateway.ops.notices.words as words_fa
from bus.contracts import notices_desk as contracts
from gateway.ops.counter import Place

AT = "/desk/notices"
NOTICES = Place(AT, "notices", contracts.WHO_AM_I, "notices.not_an_editor", words_fa)
