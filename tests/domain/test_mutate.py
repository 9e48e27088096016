"""`make mutate` itself: a wrong rule is noticed, one that nobody looks at is told, its list is true."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from bench.mutate.__main__ import ROOT, Explained, explained, label, report, targets
from bench.mutate.mutants import Name, mutants_of
from bench.mutate.runner import Verdict


def test_a_fault_is_noticed() -> None:
    """Counts that are rounded otherwise, or to other steps: the tests of the load notice each."""
    tests = ["--part", "workload", "--tests", "tests/domain/test_workload.py"]
    command = [sys.executable, "-m", "bench.mutate", *tests]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr)
    assert "│ workload │" in done.stdout
    assert "100.0" in done.stdout


def test_a_fault_that_nobody_notices_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """It fails the run, and so does an explanation of what is noticed, or is not there."""
    fault = Name("workload", "rounded", "return count // STEP * STEP", "STEP", "1")
    name, said = label(fault), Explained(fault, "It is told otherwise.")
    nobody, somebody = Verdict("survived"), Verdict("killed", "test_it")

    assert 1 == report({"workload": {name: nobody}}, [])
    assert "survives (survived): workload.rounded: return count" in capsys.readouterr().out
    assert 1 == report({"workload": {name: somebody}}, [said])
    assert "explained, but killed by test_it: workload.rounded" in capsys.readouterr().out
    assert 1 == report({"workload": {}}, [said])
    assert "explained, but not there any more: workload.rounded" in capsys.readouterr().out
    assert 1 == report({"workload": {name: nobody}}, [said])
    assert "workload: less than 90 % killed" in capsys.readouterr().out
    others = {label(replace(fault, number=number)): somebody for number in range(2, 11)}
    assert 0 == report({"workload": {name: nobody} | others}, [said])


@pytest.mark.parametrize("module", targets())
def test_what_is_explained_is_there(module: str) -> None:
    """Each mutant of the list can be made of the module as it is, and its reason is a sentence."""
    there = {mutant.name for mutant in mutants_of(module, targets()[module].read_text("utf-8"))}
    listed = [one for one in explained() if one.name.module == module]
    assert [] == [str(one.name) for one in listed if one.name not in there]
    assert all(one.why.strip().endswith(".") for one in listed)
    assert len({one.name for one in listed}) == len(listed)


def test_what_is_explained_is_of_a_module_that_is_looked_at() -> None:
    """The list has no module that is gone."""
    assert {one.name.module for one in explained()} <= targets().keys()


def test_what_becomes_of_a_rule() -> None:
    """A boundary, an opposite, a condition that always or never holds, a code, another answer."""
    source = """def late(day, due):
    \"\"\"Whether it is.\"\"\"
    if day > due:
        raise Refusal(Code.TERM_PASSED)
    return False
"""
    became = [(one.name.was, one.name.becomes) for one in mutants_of("terms", source)]
    assert became == [
        ("day > due", "True"),
        ("day > due", "False"),
        ("day > due", "day >= due"),
        ("day > due", "day <= due"),
        ("Code.TERM_PASSED", "Code.INTERNAL"),
        ("False", "True"),
    ]


def test_texts_and_types_are_no_rules() -> None:
    """A docstring, an annotation, an alias of types, and a sentence but for its placeholders."""
    source = """\"\"\"A module.\"\"\"
Event = Given | Withdrawn
def told(bytes: int = 1) -> str:
    \"\"\"Says it.\"\"\"
    sentence: str
    return "it is not {bytes} bytes long"
"""
    became = [one.name.becomes for one in mutants_of("words", source)]
    assert became == ["2", "None", "'it is not  bytes long'"]
