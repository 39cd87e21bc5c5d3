"""Is it known when all have answered, once, and what they could not do?"""

from clocker_actors.entities.polling import Polling
from clocker_actors.model.identity import Uid

A, H1, H2 = Uid("a1"), Uid("h1"), Uid("h2")


def test_the_last_answer_brings_the_question_back() -> None:
    polling = Polling()
    polling.begin(A, "asker", (H1, H2))
    assert polling.answered(A, H1, ("one is in use",)) is None
    assert polling.answered(A, H1) is None, "said twice"
    poll = polling.answered(A, H2)
    assert poll is not None
    assert (poll.reply_to, poll.left) == ("asker", ["one is in use"])
    assert polling.answered(A, H2) is None, "nobody asks any more"


def test_questions_do_not_mix() -> None:
    polling = Polling()
    polling.begin(A, "asker", (H1,))
    assert polling.answered(Uid("a2"), H1) is None
    polling.begin(A, "again", (H1, H2))
    assert polling.answered(A, H1) is None
    assert polling.answered(A, H2) is not None
