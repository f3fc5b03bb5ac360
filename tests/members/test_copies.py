"""The folder of signed copies, whatever somebody wrote into it."""

from members.copies import write

COPY = {"code": "a-co", "jws": "head.body.signature"}


def test_bytes_that_are_no_text_are_put_right_like_any_other(tmp_path):
    (tmp_path / "a-co.jws").write_bytes(b"\xff\xfe")
    write(tmp_path, [COPY], whole=True)
    assert (tmp_path / "a-co.jws").read_text() == COPY["jws"]


def test_a_copy_that_is_right_already_is_not_written_again(tmp_path):
    write(tmp_path, [COPY])
    before = (tmp_path / "a-co.jws").stat().st_ino
    write(tmp_path, [COPY])
    assert (tmp_path / "a-co.jws").stat().st_ino == before
    assert [path.name for path in tmp_path.iterdir()] == ["a-co.jws"]
