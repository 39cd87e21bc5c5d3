"""Does the recorder note what it is told, and live through what it is not for?"""

import pytest

from clocker_actors.errors import BadRequest
from clocker_actors.kernel import Kernel
from clocker_actors.model.identity import RECORDER
from clocker_actors.telemetry.readmodel import ReadModel
from clocker_actors.telemetry.recorder import Recorder
from tests.telemetry.samples import activity, entity, readings


async def test_facts_end_in_the_model(kernel: Kernel) -> None:
    model = ReadModel()
    kernel.spawn(RECORDER, lambda: Recorder(model))
    kernel.tell(RECORDER, entity("c2", "shop/web"))
    kernel.tell(RECORDER, readings("c2", cpu__mean__average=40.0))
    kernel.tell(RECORDER, activity(1, "c2"))
    await kernel.settle()
    assert model.entry("shop/web").value("cpu.mean.average") == 40.0
    event = (model.events.since(0) or ())[-1]
    assert event.kind == "activity"
    assert event.at == pytest.approx(kernel.now())


async def test_what_is_no_fact_is_refused(kernel: Kernel) -> None:
    kernel.spawn(RECORDER, lambda: Recorder(ReadModel()))
    with pytest.raises(BadRequest, match="facts only, not str"):
        await kernel.ask(RECORDER, "hello", 1.0)
    assert kernel.alive(RECORDER)
