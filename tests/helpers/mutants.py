"""Rules of the native kernel broken on purpose, one at a time: histories of the differential tests must notice each.

python tests/helpers/mutants.py [NAME]

Each mutant is a copy of the kernel with a few words changed, compiled and held against an oracle that tries every
order. Prints what became of each, or of those whose name contains NAME; exits with 1 if one went unnoticed. Needs a C++
compiler; five minutes. (tests/checkers/linearizability/test_kernel_rules.py does the same to the twin in Python.)
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click
from agreement import by_porcupine, check_kernel, is_linearization
from random_columns import histories, is_linearizable, medium, rare

from splitbrain.checkers._native import _kernel
from splitbrain.checkers.linearizability import kernel

TINY, LONGER = 6_000, 500
"""How many histories of each kind."""
ROOT: Final = Path(__file__).parents[2]

MUTANTS: Final = """
greedy: writes too (models.hpp)
- return columns.kind[operation] == read
+ return columns.kind[operation] == write || columns.kind[operation] == read
greedy: whether possible or not (window.hpp)
- if (model.step(state, operation) == state) linearize
+ linearize
symmetry: all writes alike (models.hpp)
- columns.a[operation], columns.b[operation])
+ 0, 0)
symmetry: the last to return (window.hpp)
- returns[y] < layout.returns[x]
+ returns[y] > layout.returns[x]
dead: although read later (window.hpp)
- if (outlook.last_read_call[value] >= position) continue;
+
dead: although taken by a pending one (window.hpp)
- if (outlook.pending_taker[value] || outlook
+ if (outlook
dead: although taken (window.hpp)
- || outlook.last_taker_return[value] >= position) continue
+ ) continue
dead: despite answers of False (window.hpp)
- && !model.outlook.any_differs
+
live: pending ones bring nothing back (window.hpp)
- outlook.pending_producer[state] ||
+
live: later ones bring nothing back (window.hpp)
- || outlook.last_producer_call[state] >= position
+
live: open ones bring nothing back (window.hpp)
- return observer && !producer
+ return observer
dominance: all alike (configurations.hpp)
- if (x[i] > y[i]) return false
+
dominance: the other way round (configurations.hpp)
- if (x[i] > y[i])
+ if (x[i] < y[i])
wanted: not by answers of False (window.hpp)
- outlook.any_differs || outlook.pending_taker[value]) return
+ outlook.pending_taker[value]) return
wanted: not by pending ones (window.hpp)
- outlook.any_differs || outlook.pending_taker[value]) return
+ outlook.any_differs) return
wanted: not by open ones (window.hpp)
- (kind == read || kind == cas) && model
+ false && model
pending ones never used (window.hpp)
- if (next < 0 || next == state) return false;
+ return false;
memory without the mask (configurations.hpp)
- std::copy(mask, mask + words_, key_.begin() + 1)
+ std::fill(key_.begin() + 1, key_.begin() + 1 + words_, 0)
memory without the state (configurations.hpp)
- << 32 | static_cast<uint32_t>(state)
+ << 32
segment: from the initial value only (segment.hpp)
- if (begin == 0) {
+ if (true) {
segment: open ones are left out (segment.hpp)
- begin && changes(event)) add
+ begin && false) add
segment: open ones must return (segment.hpp)
- add(event, 0, never)
+ add(event, 0, layout.returns[event] < to_ ? place_of(layout.returns[event]) : never)
segment: what returns later is left out (segment.hpp)
- if (returns || changes(event))
+ if (returns)
tighten: all pending ones left out (tighten.hpp)
- if (keep_[i] || times_.call[i] > std::max(last_found[value], last_differs)) continue;
+ continue;
tighten: pending ones observe nothing (tighten.hpp)
- last_found[columns_.a[i]] = never;
+
tighten: answers of False observe nothing (tighten.hpp)
- std::max(last_found[value], last_differs)
+ last_found[value]
tighten: one of several writers (tighten.hpp)
- writer[columns_.b[i]] == nobody ? i : several
+ i
tighten: nobody wrote the initial value (tighten.hpp)
- writer[columns_.initial] = several;
+
zones: all pending ones happened (zones.hpp)
- !times_.pending(i) || included_[i]
+ true
zones: no pending one happened (zones.hpp)
- !times_.pending(i) || included_[i]
+ !times_.pending(i)
zones: the initial value written again (zones.hpp)
- || value == columns_.initial) return false
+ ) return false
zones: a value written twice (zones.hpp)
- if (writer_[value] != nobody || value
+ if (value
zones: values nobody wrote (zones.hpp)
- if (found && writer_[value] == nobody
+ if (false && writer_[value] == nobody
zones: reads in any order (zones.hpp)
- if (times_.ret[reader] < before) return false;
+
zones: compare-and-sets in any order (zones.hpp)
- if (times_.ret[taker] < block.last) return false;
+
zones: circles (zones.hpp)
- return takers_ == 0;
+ return true;
zones: one inside another (zones.hpp)
- } else if (block.first < covered) {
+ } else if (false) {
zones: backward ones inside (zones.hpp)
- } else if (block.first < covered) {
+ } else if (block.is_forward()) {
zones: answers of False anywhere (zones.hpp)
- place = held_until[not_this] + 1;
+ ;
zones: answers of False at any time (zones.hpp)
- if (times_.ret[operation] < latest_call) return false;
+
verify: an operation twice (verify.hpp)
- || seen[operation]) return false
+ ) return false
verify: at any time (verify.hpp)
- if (columns.times.ret[operation] < latest_call) return false;
+
verify: whatever the value (verify.hpp)
- if (value < 0) return false;
+
verify: without completed ones (verify.hpp)
- if (!seen[i] && !columns.times.pending(i)) return false;
+
"""
"""Name and file; the words to be replaced, wherever they are; and those that take their place."""


@dataclass(frozen=True)
class Mutant:
    """`words` in the file are replaced by `others`."""

    name: str
    file: str
    words: str
    others: str


def main(name: str) -> int:
    """Try the mutants, and give the exit code."""
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        click.echo("there is no C++ compiler")
        return 1
    unnoticed = 0
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(".git", ".*cache"))
        unnoticed += is_noticed(None, copy, compiler)
        click.echo(f"{'the kernel as it is':45} {'found wrong' if unnoticed else 'right'}")
        for mutant in mutants():
            if name in mutant.name:
                noticed = is_noticed(mutant, copy, compiler)
                unnoticed += not noticed
                click.echo(f"{mutant.name:45} {'noticed' if noticed else 'not noticed'}")
    return int(unnoticed > 0)


def mutants() -> Iterator[Mutant]:
    """Those of the list."""
    lines = MUTANTS.strip().splitlines()
    for title, words, others in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        name, file = title.removesuffix(")").rsplit(" (", 1)
        yield Mutant(name, file, words[1:].strip(), others[1:].strip())


def is_noticed(mutant: Mutant | None, copy: Path, compiler: str) -> bool:
    """Whether a kernel with that change gives a wrong answer, or none."""
    native = copy / "checkers" / "_native"
    shutil.copytree(ROOT / "checkers" / "_native", native, dirs_exist_ok=True)
    if mutant is not None:
        text = (native / mutant.file).read_text()
        if mutant.words not in text:
            raise SystemExit(f"{mutant.file} has no {mutant.words!r}: bring the mutant {mutant.name!r} up to date")
        (native / mutant.file).write_text(text.replace(mutant.words, mutant.others))
    options = ["-std=c++17", "-O1", "-w", "-fPIC", "-shared", f"-I{sysconfig.get_paths()['include']}"]
    kernel_file = native / "_kernel.abi3.so"
    subprocess.run([compiler, *options, str(native / "binding.cpp"), "-o", str(kernel_file)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    command = [sys.executable, str(copy / "tests" / "helpers" / "mutants.py"), "--decide", str(kernel_file)]
    try:
        return subprocess.run(command, env=environment, capture_output=True, timeout=60).returncode != 0
    except subprocess.TimeoutExpired:
        return True


def decide(kernel_file: str) -> int:
    """Hold the kernel against the oracle: 1 if it is wrong somewhere."""
    assert kernel.NATIVE
    assert Path(str(_kernel.__file__)).samefile(kernel_file)
    for columns in histories("mutants", LONGER, medium):
        check_kernel(columns, by_porcupine(columns))
    for columns in chain(rare(), histories("mutants", TINY)):
        check_kernel(columns, is_linearizable(columns))
        count = len(columns.kind)
        for order in (list(range(count)), list(range(count))[::-1], [*range(count), 0], list(range(count - 1))):
            assert kernel.is_linearization(columns, order) is is_linearization(columns, order)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--decide"]:
        sys.exit(decide(sys.argv[2]))
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
