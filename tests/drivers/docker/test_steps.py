"""Is it known what a build has made, and nothing taken for that which it has not?"""

from clocker_actors.drivers.docker.steps import Steps

A, B, C, D = "a" * 12, "b" * 12, "c" * 12, "d" * 12


def heard(*messages: str) -> Steps:
    steps = Steps()
    for message in messages:
        steps.heard(message)
    return steps


def test_the_steps_of_a_failed_build_newest_first() -> None:
    steps = heard("Step 1/3 : FROM web", "\n", f" ---> {A}\n", "Step 2/3 : ENV x=1", f" ---> Running in {D}\n", f" ---> {B}\n")
    assert steps.left(failed=True) == [B]
    steps.heard("Step 3/3 : RUN true")
    steps.heard(f" ---> {C}\n")
    assert steps.left(failed=True) == [C, B], "never the base"
    assert steps.left(failed=False) == [], "they are the image's own"


def test_stages_that_were_copied_from() -> None:
    stage = ("Step 1/4 : FROM web AS one", f" ---> {A}\n", "Step 2/4 : RUN make", f" ---> {B}\n")
    steps = heard(*stage, "Step 3/4 : FROM web", f" ---> {A}\n", "Step 4/4 : COPY --from=one /x /", f" ---> {C}\n")
    assert steps.left(failed=False) == [B]
    assert steps.left(failed=True) == [C, B]


def test_what_came_from_the_cache_was_made_by_somebody_else() -> None:
    steps = heard("Step 1/2 : FROM web", f" ---> {A}\n", "Step 2/2 : RUN make", " ---> Using cache\n", f" ---> {B}\n")
    assert steps.left(failed=True) == []


def test_output_that_looks_like_it_is_taken_for_it_only_inside_a_step() -> None:
    assert heard(f" ---> {A}\n", f"Successfully built {B}\n").left(failed=True) == []
