"""The faults that `make chaos` makes, and its table; the play itself takes minutes."""

from deploy.chaos import report
from deploy.chaos.__main__ import chosen, main
from deploy.chaos.clock import FakeClock
from deploy.chaos.counts import Count
from deploy.chaos.faults import all_faults
from deploy.chaos.play import Recovery
from deploy.local.parts import PARTS


def test_every_part_is_killed_and_frozen_and_no_two_faults_share_a_name(capsys):
    names = [fault.name for fault in all_faults()]
    assert len(set(names)) == len(names)
    for part in PARTS:
        assert {f"kill-{part.name}", f"freeze-{part.name}"} <= set(names)
    assert main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(names)


def test_a_fault_is_chosen_by_its_name_or_by_how_names_begin():
    assert [fault.name for fault in chosen(["kill-inquiry"], quick=False)] == ["kill-inquiry"]
    assert len(chosen(["lock-"], quick=False)) > 1
    assert 0 < len(chosen(None, quick=True)) < len(chosen(None, quick=False))


def test_the_table_takes_the_place_of_the_one_before(tmp_path):
    document = tmp_path / "survival.md"
    document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    (fault,) = chosen(["memory-alarm"], quick=False)
    recoveries = [Recovery(fault, 5.4, "letter", 2.4, 14), Recovery(fault, None, "note", None, 3)]
    report.write(document, recoveries, [Count("ledger", "30 entries", "1 odd")], 120.0, 88)
    text = document.read_text(encoding="utf-8")
    assert "| memory alarm of our broker | 5.4 s | letter | 2.4 s | 14 |" in text
    assert "| memory alarm of our broker | **no** | note | **no** | 3 |" in text
    assert "| ledger | 30 entries | 1 odd |" in text
    assert "2 of 88 faults in 2 minutes" in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text


def test_brokers_and_servers_of_others_keep_the_clock_of_the_machine(tmp_path):
    config = tmp_path / "supervisord.conf"
    config.write_text(
        "[supervisord]\n\n[program:postgres]\ncommand=setpriv /bin/postgres -D x\nenvironment=\n"
        '\n[program:rabbitmq]\ncommand=rabbitmq\nenvironment=A="1"\n'
        '\n[program:inquiry]\ncommand=python\nenvironment=A="1"\n',
        encoding="utf-8",
    )
    FakeClock(tmp_path / "clock").dress(config, "/bin/postgres")
    dressed = config.read_text(encoding="utf-8")
    assert 'rabbitmq\nenvironment=LD_PRELOAD="",A="1"' in dressed
    assert "setpriv env LD_PRELOAD=" in dressed
    assert 'python\nenvironment=A="1"' in dressed
