"""`make up` and `make down`: the same daemon and engine, kept running to play with."""

import httpx

from clocker_actors.errors import ClockerError
from tests.bed.engine import find_engine
from tests.demo import ground, manager, shop
from tests.demo.ground import Ground, Kind
from tests.demo.home import Home
from tests.demo.narration import Narrator

_KIND, _URL = "kind", "url"


def up(home: Home, narrator: Narrator, wanted: Kind | None) -> int:
    """Start engine and daemon unless they run, write a blueprint, and say what to try."""
    running = manager.find(home)
    if running is None:
        home.make()
        stage = ground.prepare(home, narrator, wanted)
        try:
            running = manager.start(home, stage)
            (home.path / _KIND).write_text(stage.kind)
            (home.path / _URL).write_text(stage.url)
            shop.write(home, stage, shop.FULL)
        except BaseException:
            ground.release(home, stage)
            home.remove()
            raise
        narrator.good(f"the daemon runs on {stage.words}")
    else:
        narrator.good("the daemon runs already, since an earlier `make up`; nothing was changed")
    narrator.say("Try:")
    blueprint = home.shop / "shop.yaml"
    deployed = _deployed(running)
    for line in (
        f"export CLOCKER_STATE={running.state}",
        *(() if deployed else (f".venv/bin/clocker plan {blueprint}", f".venv/bin/clocker deploy {blueprint}")),
        ".venv/bin/clocker ls",
        ".venv/bin/clocker tree",
        ".venv/bin/clocker policies shop/web suspend autoscaler",
        ".venv/bin/clocker resize shop/web 3",
        ".venv/bin/clocker sensors shop/web --watch",
        ".venv/bin/clocker explain shop/web",
        f"curl -s --unix-socket {running.state}/clocker.sock http://clocker/metrics",
        "make down          # removes all of it",
    ):
        narrator.say(f"  {line}", "bold")
    narrator.say(f"The daemon's log is {running.log}.", "dim")
    return 0


def down(home: Home, narrator: Narrator) -> int:
    """Remove whatever `up` made; 1 when something is left."""
    if not home.path.exists():
        narrator.good("nothing is up")
        return 0
    running = manager.find(home)
    stage = _stage(home)
    left: list[str] = []
    if running is not None:
        _delete_all(running, narrator)
        running.stop()
    try:
        left += ground.release(home, stage)
    except httpx.HTTPError as error:
        left.append(f"whatever is labelled clocker.plane={home.plane} on {stage.url} ({error})")
    home.remove()
    home.tidy()
    if left:
        narrator.bad(f"left behind: {', '.join(left)}")
        return 1
    narrator.good("gone: containers, daemon, engine and state")
    return 0


def _deployed(running: manager.ManagerProcess) -> bool:
    """Whether the shop is there already, so that nobody is told to deploy it twice."""
    with running.client() as client:
        return any(application["path"] == "shop" for application in client.items("/v1/applications"))


def _delete_all(running: manager.ManagerProcess, narrator: Narrator) -> None:
    """The applications of the daemon; if it does not answer, their containers go with the ground."""
    try:
        with running.client() as client:
            names = [str(application["path"]) for application in client.items("/v1/applications")]
    except ClockerError as error:
        narrator.bad(f"{error}")
        return
    for name in names:
        narrator.run([str(manager.CLOCKER), "delete", name], running.environment(), f"clocker delete {name}")


def sweep(home: Home) -> None:
    """Remove what a killed demo left in this home."""
    running = manager.find(home)
    if running is not None:
        running.stop()
    engine = find_engine(home.engine)
    if engine is not None:
        engine.stop()
    home.remove()


def _stage(home: Home) -> Ground:
    """What `up` noted."""
    try:
        return Ground(Kind((home.path / _KIND).read_text()), (home.path / _URL).read_text(), "")
    except (FileNotFoundError, ValueError):
        return Ground(Kind.OWN, "", "")
