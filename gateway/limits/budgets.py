"""Budgets for files of strangers: of an address in an hour, of all in a day, and room on the disk,
which broker and databases share.
"""

from pathlib import Path

from bus.blobs import Blobs, Writing
from bus.errors import BusError, FieldError, TooMany, Unavailable
from bus.settings import Settings
from gateway.limits.guesses import Guesses

MEGABYTE = 1024 * 1024
HOUR, DAY = 3600, 86_400
# By then files that no ticket holds are deleted.
SHORT_SECONDS = 900
ALL = "all"
OF_ADDRESS, OF_DISK = "attachment.budget", "attachment.disk"


class OverBudget(BusError):
    """A file is refused for now; ``code`` says whose budget is used up."""


class Uploads:
    """The budgets, counted in this process."""

    def __init__(self, settings: Settings) -> None:
        self._folder = Path(settings.text("BLOBS_DIR"))
        self._files = Guesses(settings.whole("UPLOADS_AN_HOUR", 120), HOUR)
        self._bytes = Guesses(settings.whole("UPLOAD_MEGABYTES_AN_HOUR", 120) * MEGABYTE, HOUR)
        self._of_all = Guesses(settings.whole("UPLOAD_MEGABYTES_A_DAY", 4000) * MEGABYTE, DAY)
        self._free = settings.whole("BLOBS_FREE_MEGABYTES", 1000) * MEGABYTE

    def of(self, address: str) -> "BudgetedBlobs":
        """Return the blob store within the budgets of an address."""
        return BudgetedBlobs(self._folder, self, address)

    def begin(self, address: str) -> None:
        """Count a file. OverBudget ``attachment.budget`` or ``attachment.disk``."""
        if Blobs(self._folder).free() < self._free:
            raise OverBudget("Files cannot be taken now.", code=OF_DISK)
        _take(self._files, address, 1, OF_ADDRESS)

    def spend(self, address: str, size: int) -> None:
        """Count bytes of a file; OverBudget as ``begin``."""
        _take(self._bytes, address, size, OF_ADDRESS)
        _take(self._of_all, ALL, size, OF_DISK)

    def refusal(self, address: str, code: str) -> BusError:
        """Return the refusal of a file, which says when to come back."""
        if code == OF_DISK:
            return Unavailable(
                "There is no room for files now. Register without files, and add them later.",
                code=OF_DISK,
                retry_after=SHORT_SECONDS,
            )
        return TooMany(
            "From your network came as many files as we take in an hour. Register without files, "
            "and add them later.",
            code=OF_ADDRESS,
            retry_after=self._files.wait(),
        )

    def check(self, address: str) -> None:
        """Refuse an address without budget before it sends a file."""
        try:
            self._files.check(address)
            self._bytes.check(address)
        except TooMany:
            raise self.refusal(address, OF_ADDRESS) from None

    def check_problems(self, address: str, problems: list[FieldError]) -> None:
        """Refuse a form whose files exceed a budget; for programs, which show no form again."""
        for problem in problems:
            if problem.code in (OF_ADDRESS, OF_DISK):
                raise self.refusal(address, problem.code)


def status_of(problems: list[FieldError]) -> int | None:
    """Return the status of the page of a form whose files exceed a budget; None if none does."""
    codes = {problem.code for problem in problems}
    return 507 if OF_DISK in codes else 429 if OF_ADDRESS in codes else None


def _take(counts: Guesses, name: str, amount: int, code: str) -> None:
    try:
        counts.take(name, amount)
    except TooMany as error:
        raise OverBudget(error.message, code=code) from None


class BudgetedBlobs(Blobs):
    """The blob store within the budgets of an address."""

    def __init__(self, folder: Path, uploads: Uploads, address: str) -> None:
        super().__init__(folder)
        self._uploads, self._address = uploads, address

    def begin(self, limit: int) -> Writing:
        """Begin a blob that costs its bytes as they arrive; one without a byte is free."""
        return _BudgetedWriting(self.folder, limit, self._uploads, self._address)


class _BudgetedWriting(Writing):
    def __init__(self, folder: Path, limit: int, uploads: Uploads, address: str) -> None:
        super().__init__(folder, limit)
        self._uploads, self._address, self._begun = uploads, address, False

    def write(self, chunk: bytes) -> None:
        if not self._begun:
            self._begun = True
            self._uploads.begin(self._address)
        self._uploads.spend(self._address, len(chunk))
        super().write(chunk)
