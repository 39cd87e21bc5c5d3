"""Does each deliberate defect still fit the code it spoils, and are the cheap ones caught? All of them are tried by `make soak`."""

import pytest

from tests.simulation.mutants import MUTANTS, Mutant, caught, mutated, source

CHEAP = ("effect-before-intent", "what-changed-during-a-write-is-not-written", "the-first-that-leaves-is-forgotten", "orphans-are-left")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_it_fits_the_code(mutant: Mutant) -> None:
    text = source(mutant).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1, "the code has changed: write the defect anew"
    compile(mutated(mutant), mutant.module, "exec")


def test_there_are_enough() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20


@pytest.mark.parametrize("name", CHEAP)
def test_it_is_caught(name: str) -> None:
    assert caught(next(mutant for mutant in MUTANTS if mutant.name == name), 20)
