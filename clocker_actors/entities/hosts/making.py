"""How a host that its pool makes gets its machine, and gives it back: one phase after the other, each durable before what it stands for is done.

    reconcile ──phase──▶ one piece of work ──outcome──▶ the next phase, durable ──▶ reconcile
                                              └── failed: again after a pause; else, if it is to be destroyed, another attempt on a new machine; else FAILED,
                                                  and the pool sets it aside, and has the next attempt made by another host

After a crash the record says where it was, and the work, which may be done twice, is begun again.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from clocker_actors.entities.hosts import machinework
from clocker_actors.entities.hosts.machinework import CREATE_LIMIT, InstallEnded, InstallSaid, KeptOut
from clocker_actors.errors import Failure
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.locations import LocationKind, MachineSpec, NodeTemplate
from clocker_actors.model.machines import MachineChanged, MachinePhase, Made, NotGivenBack, Recertified, Recertify
from clocker_actors.model.values import Value, counted
from clocker_actors.ports.cloud import Node, NodeRequest
from clocker_actors.ports.engine import Engine
from clocker_actors.ports.installer import STEPS

if TYPE_CHECKING:
    from clocker_actors.entities.hosts.host import Host

WORK = "machine:"
CERTIFY = f"{WORK}certify"
CLOUDS = frozenset({LocationKind.CLOUD, LocationKind.SIMULATED})
WORK_LIMIT = 700.0
CHECK_LIMIT = 10.0
SILENT_LIMIT = 60.0
"""Seconds that a silent engine has to come back before its machine goes with the pool."""
PAUSES = (2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds before a step is tried again; after as many tries the attempt has failed. Giving back is tried for ever."""


class MakeAgain:
    """Timer message: try the step of this phase once more."""


class Making:
    """Of one host. `step` is what is being done, in words."""

    __slots__ = ("_certifying", "_host", "_pausing", "_silent_since", "_tries", "step")

    def __init__(self, host: "Host") -> None:
        self._host = host
        self._certifying: str | None = None  # the authority whose certificates its engine is being given
        self._pausing = False
        self._silent_since = 0.0  # when the pool that ends first asked for it in vain
        self._tries = 0
        self.step = ""

    @property
    def made(self) -> Made | None:
        """The durable part; None for a host that is listed."""
        return self._host.state.made

    @property
    def phase(self) -> MachinePhase:
        """How far it is; a listed host is up as far as this goes."""
        made = self.made
        return made.phase if made is not None else MachinePhase.UP

    def facts(self) -> Mapping[str, Value]:
        """A few words for people."""
        made = self.made
        if made is None:
            return {}
        facts: dict[str, Value] = {"location": made.source.name, "machine": made.node or (made.way.name if made.way else "")}
        if made.phase is not MachinePhase.UP:
            facts |= {"phase": str(made.phase), "step": self.step or made.reason, "enter": _way_in(made)}
            facts |= {"attempt": f"{made.attempt} of {made.attempts}"} if made.attempts > 1 else {}
        return facts

    # --- towards the next phase

    def reconcile(self) -> None:
        """Begin what the phase asks for, unless it is under way."""
        made, host = self.made, self._host
        if made is not None and made.authority == self._certifying:
            self._say_certified(made.authority)
        if made is None or self._pausing or any(host.working(f"{WORK}{phase}") for phase in MachinePhase):
            return
        match made.phase:
            case MachinePhase.INTENDED:
                self._begin(made)
            case MachinePhase.CREATING:
                self._create(made)
            case MachinePhase.BOOTING:
                self._boot(made)
            case MachinePhase.INSTALLING:
                self._install(made)
            case MachinePhase.RETURNING:
                self._return(made)
            case MachinePhase.UP:
                host.meet_engine()
            case MachinePhase.FAILED:
                pass
        self.tell()

    def _begin(self, made: Made) -> None:
        if made.source.kind in CLOUDS:
            self._to(replace(made, phase=MachinePhase.CREATING, asked_at=self._host.now))
        elif made.source.kind is LocationKind.LOCAL:
            self._to(replace(made, phase=MachinePhase.INSTALLING))
        else:
            self._to(replace(made, phase=MachinePhase.BOOTING))

    def _create(self, made: Made) -> None:
        host, outside = self._host, self._host.outside
        template = made.source.cloud.template if made.source.cloud else NodeTemplate()
        self._say("asking its cloud for a machine")
        tags = machinework.node_tags(outside.ours, host.identity.parent, host.uid)
        request = NodeRequest(machinework.node_name(outside.plane, host.uid), template, tags, "")
        key = partial(outside.grounds.public_key, made.source)
        self._work(machinework.create, outside.grounds.cloud(made.source), request, key, outside.ours)

    def _boot(self, made: Made) -> None:
        host, grounds = self._host, self._host.outside.grounds
        if made.way is None:
            self._say("waiting for the machine to boot")
            self._work(machinework.boot, grounds.cloud(made.source), host.outside.ours, host.uid)
        else:
            self._say(f"waiting for {made.way.address} to let us in")
            self._host.stream(f"{WORK}{made.phase}", machinework.enter, grounds.shell(made.source, made.way), made.source.kind in CLOUDS)

    def _install(self, made: Made) -> None:
        grounds = self._host.outside.grounds
        way = made.way or MachineSpec(self._host.name, "")
        user = way.user if made.source.kind is not LocationKind.LOCAL else ""
        self._say("installing Docker")
        tls_for = (way.address, self._host.name) if made.source.tls else ()
        shell = grounds.shell(made.source, way)
        self._host.stream(f"{WORK}{made.phase}", machinework.install, grounds.installer(made.source, made.authority), shell, user, tls_for)

    def _work(self, fn: object, *args: object) -> None:
        self._host.work(f"{WORK}{self.phase}", fn, *args, timeout=WORK_LIMIT)  # type: ignore[arg-type]  # one of the functions of machinework

    def _to(self, made: Made, *, url: str = "") -> None:
        """The next phase, once it is durable."""
        host = self._host
        self._tries = 0
        self.step = ""
        spec = host.state.spec
        if made.phase is MachinePhase.UP and made.way is not None:
            engine = host.outside.grounds.engine(made.source, made.way, url, made.authority)
            spec = replace(spec, engine=engine, address=made.way.address)
        host.change(replace(host.state, spec=spec, made=made))
        host.note()

    # --- what comes of it

    def ended(self, outcome: WorkDone | WorkFailed) -> None:
        """A piece of work is over. What belongs to an earlier phase (it is given back meanwhile) counts no more."""
        made = self.made
        if outcome.name == CERTIFY:
            self._certify_ended(outcome)
        elif made is None or outcome.name != f"{WORK}{self.phase}":
            self._late(outcome)
        elif isinstance(outcome, WorkFailed):
            self._failed(made, outcome.failure, again=machinework.is_transient(outcome.failure, made.phase))
        elif made.phase is MachinePhase.CREATING and isinstance(outcome.result, Node):
            self._to(replace(made, phase=MachinePhase.BOOTING, node=outcome.result.id))
        elif made.phase is MachinePhase.BOOTING and isinstance(outcome.result, str):
            way = self._host.outside.grounds.entry(self._host.uid, made.source, outcome.result)
            self._to(replace(made, way=way))
        elif made.phase is MachinePhase.BOOTING:
            self._to(replace(made, phase=MachinePhase.INSTALLING))
        elif made.phase is MachinePhase.RETURNING:
            self._returned(made)

    def _late(self, outcome: WorkDone | WorkFailed) -> None:
        made = self.made
        if made is not None and isinstance(outcome, WorkDone) and isinstance(outcome.result, Node):
            self._to(replace(made, node=outcome.result.id))
        else:
            self._host.settle()

    def kept_out(self, message: KeptOut) -> None:
        """The machine is there, and does not let us in yet."""
        made = self.made
        if made is not None and made.phase is MachinePhase.BOOTING and made.way is not None:
            times = counted(message.tries, "time")
            self._say(f"waiting for {made.way.address} to let us in, tried {times}: {message.reason}")

    def said(self, message: InstallSaid) -> None:
        """A step of the installation has begun."""
        name = message.line.partition(":")[0]
        number = f"step {STEPS.index(name) + 1} of {len(STEPS)}: " if name in STEPS else ""
        self._say(f"installing Docker, {number}{message.line}")

    def installed(self, message: InstallEnded) -> None:
        """The installation is over."""
        made = self.made
        if made is not None and made.phase is MachinePhase.UP and self._certifying is not None:
            self._certified(made, self._certifying, message)
            return
        if made is None or made.phase is not MachinePhase.INSTALLING:
            return
        if message.installed is None:
            failure = message.failure or Failure("InstallFailed", "it ended without a word")
            self._failed(made, failure, again=message.again)
        else:
            way = made.way or MachineSpec(self._host.name, "127.0.0.1")
            self._to(replace(made, phase=MachinePhase.UP, way=way, reason=""), url=message.installed.socket)

    # --- other certificates

    def recertify(self, message: Recertify) -> None:
        """Have its engine know and be known by another authority: the installation once more, of which only that is left to do."""
        made, host = self.made, self._host
        if made is None or not made.source.tls or made.phase is not MachinePhase.UP or made.authority == message.authority:
            self._say_certified(message.authority)
            return
        self._certifying = message.authority
        if host.working(CERTIFY):
            return
        way, grounds = made.way or MachineSpec(host.name, ""), host.outside.grounds
        installer, shell = grounds.installer(made.source, message.authority), grounds.shell(made.source, way)
        host.stream(CERTIFY, machinework.install, installer, shell, "", (way.address, host.name))

    def _certified(self, made: Made, authority: str, message: InstallEnded) -> None:
        host, way = self._host, made.way
        if message.installed is None or way is None:
            self._say_certified(authority, message.failure.message if message.failure is not None else "it ended without a word")
            return
        was = host.state.spec.engine
        engine = host.outside.grounds.engine(made.source, way, message.installed.socket, authority)
        host.change(replace(host.state, spec=replace(host.state.spec, engine=engine), made=replace(made, authority=authority)))
        host.outside.readdress(was, engine)  # the pool hears of it when it is durable

    def _certify_ended(self, outcome: WorkDone | WorkFailed) -> None:
        if self._certifying is not None and isinstance(outcome, WorkFailed):
            self._say_certified(self._certifying, outcome.failure.message)

    def _say_certified(self, authority: str, problem: str = "") -> None:
        self._certifying = None
        self.step = ""
        self._host.tell(self._host.identity.parent, Recertified(self._host.uid, authority, problem))

    def again(self) -> None:
        """A pause is over."""
        self._pausing = False
        self._host.settle()

    def _failed(self, made: Made, failure: Failure, *, again: bool) -> None:
        host = self._host
        if failure.kind == "WorkCancelled":
            host.settle()
            return
        reason = f"{_WHAT[made.phase]} ({_where(made)}): {failure.message}"
        returning = made.phase is MachinePhase.RETURNING
        if returning or (again and self._tries < len(PAUSES)):
            pause = max(failure.retry_after or 0.0, PAUSES[min(self._tries, len(PAUSES) - 1)])
            self._tries += 1
            self._pause(pause)
            self._say(f"{reason}; again in {pause:g} s")
            return
        if made.phase is MachinePhase.CREATING and not failure.transient:
            made = replace(made, asked_at=0.0)  # it said no
        self._attempted(made, reason)

    def _attempted(self, made: Made, reason: str) -> None:
        """An attempt has failed for good."""
        of_cloud = made.source.kind in CLOUDS
        nothing = of_cloud and not (made.node or made.asked_at)
        if made.attempt >= made.attempts or not (made.destroy or nothing):
            self._to(replace(made, phase=MachinePhase.FAILED, reason=reason))
        elif of_cloud and not nothing:
            self._to(replace(made, phase=MachinePhase.RETURNING, attempt=made.attempt + 1, reason=reason, renew=True))
        else:  # the same again, so there is no hurry
            self._pause(PAUSES[min(made.attempt, len(PAUSES)) - 1])
            self._to(replace(made, phase=MachinePhase.INTENDED, attempt=made.attempt + 1, reason=reason))

    def _pause(self, seconds: float) -> None:
        self._pausing = True
        self._host.after("make", seconds, MakeAgain())

    # --- and back

    def give_back(self, *, gone: bool, ending: bool) -> None:
        """Whatever it is doing, the machine goes back, unless something on it is not ours. What is on it is not known while its engine is silent; only at
        the end of its pool (`ending`) that is waited for no longer than SILENT_LIMIT."""
        made, host = self.made, self._host
        if made is None or (made.phase is MachinePhase.RETURNING and not made.renew):
            return
        if not gone and made.phase is MachinePhase.UP and host.met and made.source.kind in CLOUDS:
            if host.residents.foreigners.count:
                self._keep(host.residents.foreigners.count)
            elif not host.link.up:
                self._silent(made, ending=ending)
            elif not host.working("check"):
                host.work("check", _foreign, host.engine, host.outside.ours, timeout=CHECK_LIMIT)
            return
        self._go_back(made)

    def _silent(self, made: Made, *, ending: bool) -> None:
        """The engine does not answer, or was not looked at yet."""
        host = self._host
        if not ending or not host.link.down:
            self._silent_since = 0.0
        elif not self._silent_since:
            self._silent_since = host.now
        elif host.now - self._silent_since >= SILENT_LIMIT:
            self._go_back(made)
            return
        self._refuse(f"{host.name} does not answer, so that nobody knows what is on it")

    def checked(self, outcome: WorkDone | WorkFailed) -> None:
        """What is on it was looked at once more, before it goes."""
        made = self.made
        if made is None or made.phase is not MachinePhase.UP:
            return
        if isinstance(outcome, WorkDone) and outcome.result:
            self._keep(int(str(outcome.result)))
        elif isinstance(outcome, WorkDone):
            self._go_back(made)
        else:
            self._refuse(f"{self._host.name} could not be looked at: {outcome.failure.message}")

    def _keep(self, foreign: int) -> None:
        why = f"{self._host.name} has {counted(foreign, 'container')} that are not ours: remove them there, then it is given back"
        self._refuse(why)

    def _refuse(self, why: str) -> None:
        self._host.tell(self._host.identity.parent, NotGivenBack(self._host.uid, why))

    def _go_back(self, made: Made) -> None:
        host = self._host
        self._pausing = False
        host.cancel_timer("make")
        for phase in (MachinePhase.BOOTING, MachinePhase.INSTALLING):
            if host.working(f"{WORK}{phase}"):
                host.cancel_work(f"{WORK}{phase}")
        host.service.expect(Lifecycle.STOPPING)
        self._to(replace(made, phase=MachinePhase.RETURNING, renew=False))

    def _return(self, made: Made) -> None:
        host, outside = self._host, self._host.outside
        if made.source.kind not in CLOUDS or not (made.node or made.asked_at):
            self._returned(made)
            return
        unanswered = max(0.0, made.asked_at + CREATE_LIMIT - host.now)
        self._say("giving the machine back")
        cloud = outside.grounds.cloud(made.source)
        self._work(machinework.give_back, cloud, outside.ours, host.uid, made.node, unanswered)

    def _returned(self, made: Made) -> None:
        self._host.outside.grounds.forget(self._host.uid)
        if made.renew:
            way = made.way if made.source.kind not in CLOUDS else None
            self._to(replace(made, phase=MachinePhase.INTENDED, node="", way=way, asked_at=0.0, renew=False))
        else:
            self._host.forget()

    # --- what people and the pool hear

    def _say(self, step: str) -> None:
        if step != self.step:
            self.step = step
            self._host.note()
            self.tell()

    def tell(self) -> None:
        """The pool, and whoever asks why this host is not up."""
        made, host = self.made, self._host
        if made is None:
            return
        if made.phase is MachinePhase.FAILED:
            host.expect(Lifecycle.ON_FIRE)
        if not host.met:
            host.service.replace_indicators({"machine": made.reason if made.phase is MachinePhase.FAILED else self.step or str(made.phase)})
        host.tell(host.identity.parent, MachineChanged(host.uid, made.phase, self.step, made.reason, made.attempt))


def _where(made: Made) -> str:
    """Which location, and which machine of it."""
    address = made.way.address if made.way is not None else ""
    return ", ".join(part for part in (made.source.name, made.node or address) if part)


def _way_in(made: Made) -> str:
    """How a person enters it; "" as long as it is nowhere, or here."""
    way = made.way
    if way is None or not way.address or made.source.kind is LocationKind.LOCAL:
        return ""
    options = [f"-i {way.key_file}"] if way.key_file else []
    options += [f"-p {way.port}"] if way.port != 22 else []
    return " ".join(("ssh", *options, f"{way.user or 'root'}@{way.address}"))


_WHAT = {
    MachinePhase.CREATING: "its cloud gives no machine",
    MachinePhase.BOOTING: "the machine does not come up",
    MachinePhase.INSTALLING: "Docker cannot be installed",
    MachinePhase.RETURNING: "the machine cannot be given back",
}


async def _foreign(engine: Engine, ours: Mapping[str, str]) -> int:
    """Containers there that nobody of us made. Those that do not run count, too: their data goes with the machine."""
    return sum(1 for seen in await engine.list({}) if not ours.items() <= seen.labels.items())
