"""Deliberate defects, each one line of the manager made wrong: is the net of rules fine enough to catch it?

`python -m tests.simulation.mutants [NAME ...] [--seeds 200]` puts each into a fresh process by an import hook, tells it stories until one breaks a rule, and
says the seed. One that no story catches shows a hole in the net, and has no place here until that is mended. `make test` tries a few of them.
"""

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

ROOT = Path(__file__).parents[2]
LIMIT = 900.0
"""Seconds that the stories of one defect may take; a defect that makes them hang is caught by that."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """In this module the old text, which occurs once, becomes the new one. `seed` is that of a story which caught it."""

    name: str
    module: str
    old: str
    new: str
    seed: int


_E = "clocker_actors.entities."
MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "effect-before-intent",
        f"{_E}entity",
        "if self.durable and not self._forgotten:\n            self._go_on()",
        "if not self._forgotten:\n            self._go_on()",
        10,
    ),
    Mutant("a-write-that-failed-is-not-tried-again", f"{_E}entity", 'self.after("retry-commit", COMMIT_RETRY, RetryCommit())', "pass", 20),
    Mutant(
        "what-changed-during-a-write-is-not-written", f"{_E}entity", "if self._unwritten:\n            self._write()\n        elif", "if", 0
    ),
    Mutant(
        "records-of-policies-stay",
        f"{_E}entity",
        '[*others, *belongings(self.state), *self.running.records_of("delete"), Record(self.kind, self.uid, None)]',
        '[*others, *self.running.records_of("delete"), Record(self.kind, self.uid, None)]',
        0,
    ),
    Mutant(
        "the-first-that-leaves-is-forgotten",
        f"{_E}members.leaving",
        "for generation in member.state.leaving:\n            if generation.number in",
        "for generation in member.state.leaving[1:]:\n            if generation.number in",
        0,
    ),
    Mutant(
        "room-is-not-given-back",
        f"{_E}members.leaving",
        "member.tell(member.identity.pool, Release(member.uid, leaving.number))",
        "pass",
        0,
    ),
    Mutant("orphans-are-left", f"{_E}hosts.residents", "if key not in self._unclaimed:\n", "if False:\n", 9),
    Mutant(
        "claims-are-not-answered",
        f"{_E}hosts.residents",
        "for claim in tuple(self._claims.values()):\n            self.claim(claim)\n        for run",
        "for run",
        9,
    ),
    Mutant(
        "runs-wait-for-ever",
        f"{_E}hosts.residents",
        "for run in tuple(self._runs.values()):\n            self.run(run)\n        for ending",
        "for ending",
        1,
    ),
    Mutant(
        "an-ended-container-keeps-its-place",
        f"{_E}hosts.residents",
        "        if key is not None:\n            self.containers.pop(key, None)\n",
        "",
        20,
    ),
    Mutant(
        "leak-on-cancel",
        f"{_E}hosts.container",
        "            self.removal.go_on()\n        elif failure.kind ==",
        "            pass\n        elif failure.kind ==",
        7,
    ),
    Mutant("a-removal-is-tried-once", f"{_E}hosts.removal", 'container.after("end", RETRY, EndAgain())', "pass", 21),
    Mutant(
        "stopped-is-not-removed",
        f"{_E}hosts.beginning",
        "            await engine.stop(container, grace)\n        await engine.remove(container)\n",
        "            await engine.stop(container, grace)\n",
        0,
    ),
    Mutant("quorum-by-one", "clocker_actors.planning.moving", "if self.up >= self.needed:", "if self.up + 1 >= self.needed:", 44),
    Mutant(
        "room-by-one",
        "clocker_actors.placement.filters",
        "return host.containers + host.foreign < self.most",
        "return host.containers + host.foreign <= self.most",
        1,
    ),
    Mutant("stale-epoch-accepted", "clocker_actors.store.writing", "    if found != epoch:\n", "    if found < epoch:\n", 0),
    Mutant(
        "ids-are-given-twice",
        "clocker_actors.store.writing",
        "return Opened(epoch, end - FIRST_RESERVE, end,",
        "return Opened(epoch, max(0, end - 2 * FIRST_RESERVE), end,",
        0,
    ),
    Mutant(
        "machines-are-kept",
        f"{_E}hosts.machinework",
        "    if known:\n        await cloud.destroy(known)\n    destroyed = bool(known)\n",
        "    if known:\n        return\n    destroyed = bool(known)\n",
        2,
    ),
    Mutant("a-start-that-was-taken-back-goes-on", f"{_E}services.clusterhealth", "begun = ended or quorate(", "begun = quorate(", 36),
    Mutant(
        "a-death-at-rest-is-nobodys",
        "clocker_actors.enrichers.failure_math",
        "was_up=memory.was_up or seen.up is True",
        "was_up=memory.was_up",
        30,
    ),
    Mutant("the-replaced-stay", f"{_E}services.replacements", "removing=(*state.removing, *going)", "removing=state.removing", 10),
    Mutant(
        "a-rebalancing-is-not-gone-on-with",
        f"{_E}pools.pool",
        "        self.placing.go_on()\n        self.rebalancing.gathered()\n",
        "        self.placing.go_on()\n",
        16,
    ),
    Mutant("missed-event", f"{_E}hosts.container", "                self._engine_said(message.event)", "                pass", 17),
    Mutant("a-stop-is-not-finished", f"{_E}members.memberhealth", '            self._finish("stop")', "            pass", 1),
    Mutant("who-is-deleted-says-nothing", f"{_E}entity", "self.tell(self.identity.parent, ChildDeleted(self.uid))", "pass", 0),
    Mutant("volumes-stay", f"{_E}hosts.volumes", "await self._engine.remove_volume(volume)", "pass", 1),
    Mutant("too-many-members", f"{_E}services.cluster", "if missing < 0:", "if missing < -1:", 0),
)


# --- putting one in


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, mutant: Mutant, path: str) -> None:
        super().__init__(mutant.module, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        return compile(mutated(self._mutant), self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        place = str(source(self._mutant))
        return importlib.util.spec_from_file_location(fullname, place, loader=_Loader(self._mutant, place))


def source(mutant: Mutant) -> Path:
    """The file that it is in."""
    return ROOT / f"{mutant.module.replace('.', '/')}.py"


def mutated(mutant: Mutant) -> str:
    """The text of its module, made wrong."""
    return source(mutant).read_text(encoding="utf-8").replace(mutant.old, mutant.new)


def _tell(mutant: Mutant, seeds: Sequence[int]) -> int:
    """Within a process of its own: the first seed that caught it is printed; 1 if none did."""
    sys.meta_path.insert(0, _Finder(mutant))
    from tests.simulation.once_told import told
    from tests.simulation.telling import story

    for seed in seeds:
        problem = told(story(seed))
        if problem:
            sys.stdout.write(f"{seed} {problem.splitlines()[min(1, problem.count(chr(10)))]}\n")
            return 0
    return 1


def caught(mutant: Mutant, seeds: int) -> str:
    """Which seed caught it, and by what; "" if none did. Raises RuntimeError if it does not even begin."""
    command = [sys.executable, "-m", "tests.simulation.mutants", "--within", mutant.name, "--seeds", str(seeds)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return f"stories came to no end within {LIMIT:g} s"
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise RuntimeError(f"{mutant.name}: {done.stderr[-2000:]}")
    return done.stdout.strip()


def main() -> int:
    """1 if one was not caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="all if none is given")
    parser.add_argument("--seeds", type=int, default=200, help="how many stories each is told")
    parser.add_argument("--within", help=argparse.SUPPRESS)
    given = parser.parse_args()
    known = {mutant.name: mutant for mutant in MUTANTS}
    if given.within:
        mutant = known[given.within]
        return _tell(mutant, list(dict.fromkeys((mutant.seed, *range(given.seeds)))))
    missed = []
    for name in given.names or known:
        found = caught(known[name], given.seeds)
        sys.stdout.write(f"{name}: {'seed ' + found if found else 'NOT CAUGHT'}\n")
        sys.stdout.flush()
        missed += [] if found else [name]
    sys.stdout.write(f"{len(given.names or known) - len(missed)} of {len(given.names or known)} caught\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
