"""What the demo shows, step by step. Each step looks at the manager from outside, by its CLI and REST, as a person would."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from clocker_actors.admin.client import Client
from clocker_actors.model.identity import container_name
from tests.bed.process import BedError
from tests.demo import docker, picture, plot, shop
from tests.demo.ground import Ground, Kind
from tests.demo.home import Home
from tests.demo.load import Load, Pretended, Requests
from tests.demo.manager import CLOCKER, ManagerProcess
from tests.demo.narration import Narrator
from tests.demo.samples import Sampler, readings
from tests.demo.shop import CLUSTER, Pace

MEMBER = f"{CLUSTER}/1"
SOON = 30.0
EXPLAINED = 32
"""Lines of an explanation that are shown."""


@dataclass(slots=True)
class Outcome:
    """What came of it, for those who check: times in seconds, sizes in members."""

    ground: str = ""
    first_step: float = 0.0
    largest: int = 0
    smallest_after: int = 0
    grew_after: float = 0.0
    healed_in: float = 0.0
    shrank_in: float = 0.0
    steps_failed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether everything happened that should have."""
        return not self.steps_failed and not self.left


class Story:
    """One telling, on a daemon that runs."""

    def __init__(self, home: Home, ground: Ground, manager: ManagerProcess, narrator: Narrator, pace: Pace) -> None:
        self.outcome = Outcome(str(ground.kind))
        self._home, self._ground, self._manager, self._narrator, self._pace = home, ground, manager, narrator, pace
        self._client = manager.client()
        self._sampler = Sampler(manager.client)
        self._load: Load = Requests(lambda: self._sampler.targets)
        self._loading = False

    def tell(self) -> None:
        """All steps up to the plot; removal is the caller's, who must do it anyway. Whatever happens, load and sampler end."""
        try:
            self._deploy()
            self._grow()
            self._heal()
            self._shrink()
        finally:
            self._end_load()
            self._sampler.stop()
            self._client.close()

    def draw(self, file: Path | None) -> None:
        """The plot in the terminal, and as SVG if a file is named."""
        samples, marks, unit = self._sampler.samples, self._sampler.marks, self._load.unit
        self._narrator.step("What happened, over time")
        console = self._narrator.console
        lines = plot.draw(samples, marks, unit, console.width, unicode="utf" in console.encoding.lower())
        self._narrator.say("\n".join(lines))
        if file is not None:
            caption = "A web cluster grows with its load, heals, and shrinks again"
            if self._ground.kind is Kind.SIMULATED:
                caption += " (simulated engines)"
            file.write_text(picture.svg(samples, marks, unit, caption))
            self._narrator.say(f"Also written to {file}.", "dim")

    def _deploy(self) -> None:
        narrator = self._narrator
        narrator.step("A web cluster whose size follows its load")
        text = shop.write(self._home, self._ground, self._pace)
        narrator.say("\n".join(f"  | {line}" for line in text.splitlines()), "dim")
        self.outcome.first_step = narrator.elapsed
        if self.clocker("deploy", str(self._home.shop / "shop.yaml"), shown="clocker deploy shop.yaml"):
            raise BedError("the deploy failed; what it said is above")
        self.clocker("tree")
        self._sampler.start()
        self._wait(lambda: bool(self._sampler.samples) and bool(self._sampler.targets or self._simulated), SOON, "the member is reached")
        time.sleep(self._pace.idle)

    def _grow(self) -> None:
        narrator, sampler = self._narrator, self._sampler
        narrator.step("Load arrives")
        if self._simulated:
            application = self._client.items("/v1/entities", path="shop")[0]
            self._load = Pretended(self._client, f"clocker.application={application['uid']}")
        sampler.load = self._load.rate
        self._loading = True
        narrator.moment(self._load.start(self._pace.load))
        sampler.mark("load")
        began = time.monotonic()
        self._follow(lambda: self._up() >= 2, SOON, "the cluster grew")
        self.outcome.grew_after = time.monotonic() - began
        narrator.good(f"a second member is up {self.outcome.grew_after:.1f} s after the load began")
        self._settle(began)
        self.outcome.largest = max(sample.up for sample in sampler.samples)
        narrator.good(f"the autoscaler holds {self._up()} members: enough for this load")
        self.clocker("tree")
        self._why(CLUSTER, f"Why {self._up()} members?")

    def _heal(self) -> None:
        narrator = self._narrator
        narrator.step("A container is killed")
        member = self._client.items("/v1/entities", path=MEMBER)[0]
        uid = str(member["uid"])
        generation = self._generation(uid)
        container = container_name(self._home.plane, uid, generation)
        narrator.moment(f"SIGKILL to container {container}: generation {generation} of member {MEMBER}")
        began = time.monotonic()
        if self._simulated:
            self._client.post(f"/v1/simulated/containers/{container}/die")
        else:
            docker.kill(self._ground.url, container)
        self._sampler.mark("killed")

        def back() -> bool:
            return self._generation(uid) > generation and readings(self._client, uid).get("service.isUp") is True

        self._wait(back, SOON, "the killed member came back", pause=0.01)
        self.outcome.healed_in = time.monotonic() - began
        narrator.good(
            f"{MEMBER} serves again {self.outcome.healed_in:.2f} s later: generation {self._generation(uid)} of the same member, on the same port"
        )
        time.sleep(self._pace.idle)
        self._why(MEMBER, "Why is there a new container?")

    def _shrink(self) -> None:
        narrator = self._narrator
        narrator.step("Load stops")
        narrator.moment(self._end_load())
        self._sampler.mark("load ends")
        narrator.moment(f"fewer only after {self._pace.calm:g} calm seconds, so that a pause does not cost what the next minute needs")
        began = time.monotonic()
        self._follow(lambda: self._size() == 1 and self._up() == 1, self._pace.shrink, "the cluster shrank to one member")
        self.outcome.shrank_in = time.monotonic() - began
        self.outcome.smallest_after = self._size()
        narrator.good(f"back to {self._size()} member {self.outcome.shrank_in:.1f} s after the load ended")
        self._why(CLUSTER, "Why so few now, and what would change it?")
        time.sleep(self._pace.idle)

    def _why(self, identity: str, question: str) -> None:
        """Let the manager explain itself; the newest come first, so the beginning is what matters now."""
        self._narrator.say(f"\n{question}", "cyan")
        self.clocker("explain", identity, most=EXPLAINED)

    def clocker(self, *arguments: str, shown: str = "", most: int | None = None) -> int:
        """Run the CLI as a person would."""
        words = shown or " ".join(("clocker", *arguments))
        return self._narrator.run([str(CLOCKER), *arguments], self._manager.environment(), words, most)

    # --- looking

    @property
    def _simulated(self) -> bool:
        return self._ground.kind is Kind.SIMULATED

    def _generation(self, member: str) -> int:
        return int(str(readings(self._client, member).get("generation") or 0))

    def _up(self) -> int:
        latest = self._sampler.latest
        return latest.up if latest else 0

    def _size(self) -> int:
        latest = self._sampler.latest
        return latest.size if latest else 0

    def _settle(self, began: float) -> None:
        """Tell of changes until the size has been left alone for a while, or time is up."""
        changed, size = time.monotonic(), self._size()

        def settled() -> bool:
            nonlocal changed, size
            if self._size() != size or self._up() != size:
                changed, size = time.monotonic(), self._size()
            late = time.monotonic() - began > self._pace.load * 0.6
            return late or time.monotonic() - changed > self._pace.steady

        self._follow(settled, self._pace.load, "the size settled")

    def _follow(self, done: Callable[[], bool], within: float, what: str) -> None:
        """Wait, and meanwhile tell what changes: sizes at once, CPU every few seconds."""
        told: tuple[int, int] = (-1, -1)
        last = 0.0

        def look() -> bool:
            nonlocal told, last
            sample = self._sampler.latest
            if sample is not None and ((sample.size, sample.up) != told or time.monotonic() - last > 5):
                told, last = (sample.size, sample.up), time.monotonic()
                cpu = "CPU not known yet" if sample.cpu is None else f"CPU {sample.cpu:4.1f} % per member"
                self._narrator.moment(f"{cpu}, {sample.up} of {sample.size} members up, load {sample.load:.0f} {self._load.unit}")
            return done()

        self._wait(look, within, what)

    def _wait(self, done: Callable[[], bool], within: float, what: str, pause: float = 0.1) -> None:
        deadline = time.monotonic() + within
        while not done():
            if time.monotonic() > deadline:
                self.outcome.steps_failed.append(what)
                self._narrator.bad(f"not within {within:g} s: {what}")
                return
            time.sleep(pause)

    def _end_load(self) -> str:
        if not self._loading:
            return ""
        self._loading = False
        return self._load.stop()


def remove(home: Home, ground: Ground, manager: ManagerProcess, narrator: Narrator) -> list[str]:
    """Delete the application by the CLI; the caller removes daemon and ground. What the engine still has of ours, images apart."""
    narrator.step("Everything is removed again")
    with manager.client() as client:
        there = _has_shop(client)
    if there:
        narrator.run([str(CLOCKER), "delete", "shop"], manager.environment(), "clocker delete shop")
    if ground.kind is Kind.SIMULATED:
        return []
    return [found for found in docker.labelled(ground.url, home.plane) if not found.startswith("image ")]


def _has_shop(client: Client) -> bool:
    return any(application["name"] == "shop" for application in client.items("/v1/applications"))
