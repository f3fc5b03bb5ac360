"""Files in personalisation: what is taken, and each reason in Notify's words."""

import base64

import pytest

from gateway.notify import files
from gateway.notify.errors import CallRefused

PDF = b"%PDF-1.5 testpdf"


def in_values(content=PDF, **more):
    """What a client puts into personalisation."""
    return {"doc": {"file": base64.b64encode(content).decode(), **more}, "name": "a"}


@pytest.mark.parametrize(
    ("content", "more", "name", "kind"),
    [
        (PDF, {}, "document.pdf", "application/pdf"),
        (PDF, {"filename": None, "retention_period": None}, "document.pdf", "application/pdf"),
        (PDF, {"filename": "قبض تیر.PDF"}, "قبض تیر.PDF", "application/pdf"),
        (b"a,b", {"filename": "a.csv"}, "a.csv", "text/csv"),
        (b"a,b", {"is_csv": True}, "document.csv", "text/csv"),
        (b'{"a": 1}', {"filename": "a.json"}, "a.json", "application/json"),
        (b"{\\rtf1 x}", {"filename": "a.rtf"}, "a.rtf", "application/rtf"),
        # What its content says counts, whatever its name says.
        (PDF, {"filename": "run.txt"}, "run.txt.pdf", "application/pdf"),
        (b"text", {"filename": "../../etc/passwd.pdf"}, "passwd.pdf.txt", "text/plain"),
    ],
)
def test_a_file_is_taken_by_its_content(content, more, name, kind):
    file = files.files_of(in_values(content, **more))["doc"]
    assert (file.content, file.name, file.type) == (content, name, kind)
    assert (file.confirm, file.weeks) == (True, 26)


def test_confirmation_and_weeks_are_as_wanted():
    file = files.files_of(
        in_values(confirm_email_before_download=False, retention_period=" 1 Week ")
    )["doc"]
    assert (file.confirm, file.weeks) == (False, 1)


TYPES = (
    "'.csv', '.doc', '.docx', '.jpeg', '.jpg', '.json', '.odt', '.pdf', '.png', '.rtf', '.txt', "
    "'.xlsx'"
)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"file": 5}, "file 5 is not of type string"),
        ({"file": "!"}, "Document is not base64 encoded"),
        ({"file": ""}, "Document must not be empty"),
        (
            in_values(b"MZ\0\1")["doc"],
            f"Unsupported file type 'application/octet-stream'. Supported types are: {TYPES}",
        ),
        (
            in_values(filename="a.exe")["doc"],
            f"Unsupported file type '.exe'. Supported types are: {TYPES}",
        ),
        (
            in_values(filename="a")["doc"],
            "filename `filename` must end with a file extension. For example, filename.csv",
        ),
        (
            in_values(filename="a" * 97 + ".pdf")["doc"],
            "`filename` cannot be longer than 100 characters",
        ),
        (
            in_values(filename="a.csv", is_csv=True)["doc"],
            "Do not set a value for `is_csv` if `filename` is set.",
        ),
        (
            in_values(retention_period="79 weeks")["doc"],
            "retention_period Unsupported value for retention_period: 79 weeks. "
            "Supported periods are from 1 to 78 weeks.",
        ),
        (
            in_values(confirm_email_before_download="yes")["doc"],
            "confirm_email_before_download Unsupported value for "
            "confirm_email_before_download: yes. Use a boolean true or false value.",
        ),
        (in_values(x=1)["doc"], "Additional properties are not allowed (x was unexpected)"),
        (
            in_values(b"%PDF-" + b"0" * files.FILE_MOST)["doc"],
            "Uploaded file exceeds file size limit",
        ),
    ],
)
def test_each_reason_is_notify_s(value, reason):
    with pytest.raises(CallRefused) as refused:
        files.files_of({"doc": value})
    assert [fault.message for fault in refused.value.reasons] == [reason]


def test_an_e_mail_has_ten_files_at_most():
    with pytest.raises(CallRefused):
        files.files_of({str(n): in_values()["doc"] for n in range(11)})
