"""The one exception tree of the manager.

    ClockerError                    every fault we can name; an actor that raises one answers its asker and lives on
    ├── Transient                   may succeed when tried again, after `retry_after` seconds
    │   ├── TimedOut                a wait came to its bound (also a TimeoutError)
    │   │   └── AskTimedOut         an ask was not answered in time
    │   ├── EngineUnavailable       an engine does not answer
    │   ├── ShellUnavailable        no way into a machine (`reason`)
    │   ├── CloudUnavailable        a cloud does not answer, or not so many calls
    │   ├── HttpUnavailable         nobody answers at a url, or not in time
    │   ├── SecretUnavailable       whoever gives a secret does not answer
    │   ├── Overloaded              a bound on waiting things was reached
    │   ├── TooMany                 somebody asks too often
    │   ├── TooSlow                 a request did not come in time
    │   ├── StoreBusy               another daemon holds the state directory
    │   ├── StoreUnwritable         the disk takes nothing at the moment: what is there can be read
    │   └── NoDaemon                no daemon answers the client
    └── Permanent                   trying again without a change cannot help
        ├── ActorDead               the actor asked is stopped, or crashed before it answered
        ├── Cancelled               somebody took the request back
        ├── Refused                 a rule said no; the reason says which
        ├── Unauthorized            a door does not know who asks
        ├── Forbidden               a door knows who asks, and that he may not
        ├── NotFound                no such entity, effector, policy, image ...
        ├── Conflict                the thing exists already, or changed meanwhile
        ├── BadRequest              arguments of a request are wrong
        │   └── TooLarge            a request is over its limit in bytes
        ├── BlueprintError          a blueprint has faults (all of them, with positions)
        ├── EngineFault             an engine refused a call (`status`, `operation`)
        │   ├── ImageNotFound       no such image here, nor to be pulled
        │   ├── PullDenied          the registry refuses
        │   ├── NameConflict        a container of that name exists (`existing` is its id)
        │   ├── PortTaken           a host port is in use
        │   └── OutOfDisk           no space left on the engine
        ├── ShellFault              a machine does not take a file
        ├── CloudFault              a cloud refused a call
        │   ├── CloudDenied         it does not know us, or not for this
        │   ├── QuotaReached        it gives us no more
        │   └── NothingFits         it has no such size, image, place or kind
        ├── HttpFault               an answer that cannot be used: no HTTP, too much
        ├── InstallFailed           a machine did not become a host (`step`, `command`, `output`, `remedy`)
        ├── StoreFault              durable state cannot be read or written
        ├── StaleEpoch              a newer daemon has taken over the state
        └── SettingsError           a setting is wrong

Fields carry the meaning, the text is for people: it says what, where, and one thing to do. `Failure` is an error as a plain value,
for messages, records and answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clocker_actors.masking import masked_text


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as an encodable value. `retry_after` is in seconds; `details` holds the fields of the error."""

    kind: str
    message: str
    transient: bool = False
    retry_after: float | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(error: BaseException) -> "Failure":
        """The value for any exception; one that is not ours keeps its class name as kind."""
        name = type(error).__name__
        text = masked_text(str(error)) or name
        if not isinstance(error, ClockerError):
            return Failure(name, text)
        retry_after = error.retry_after if isinstance(error, Transient) else None
        return Failure(
            name, text, isinstance(error, Transient), retry_after, {key: masked_text(value) for key, value in error.details.items()}
        )

    def __str__(self) -> str:
        return self.message


class ClockerError(Exception):
    """Root of all faults we can name. Keyword arguments become `details` (values as text)."""

    def __init__(self, message: str = "", **details: object) -> None:
        super().__init__(message)
        self.details: dict[str, str] = {key: str(value) for key, value in details.items() if value is not None}


class Transient(ClockerError):
    """May succeed when tried again; `retry_after` seconds is the least sensible pause, if known."""

    def __init__(self, message: str = "", *, retry_after: float | None = None, **details: object) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class Permanent(ClockerError):
    """Trying again without a change cannot help."""


class TimedOut(Transient, TimeoutError):
    """A wait came to its bound."""


class AskTimedOut(TimedOut):
    """An ask was not answered in time."""


REFUSED = "refused"


class EngineUnavailable(Transient):
    """An engine does not answer: refused, cut off, or hanging. `details["reason"]` is REFUSED when its host lives and only the engine is away."""


class ShellUnavailable(Transient):
    """No way into a machine. `details["reason"]` is one of DENIED, HOST_KEY, NO_FILE (ours, of a key or of known
    hosts), NO_ROOT, REFUSED (nobody listens, the machine lives) or SILENT."""


DENIED = "denied"
HOST_KEY = "host-key"
NO_FILE = "no-file"
NO_ROOT = "no-root"
SILENT = "silent"


class CloudUnavailable(Transient):
    """A cloud does not answer, or wants us to ask less often. What the call was to do may have been done."""


class HttpUnavailable(Transient):
    """Nobody answers at a url, or not in time."""


class SecretUnavailable(Transient):
    """Whoever gives a secret (a command, Vault) does not answer, or not in time."""


class Overloaded(Transient):
    """A bound on waiting things was reached."""


class TooMany(Transient):
    """Somebody has failed to come in too often; `retry_after` says when to try again."""


class TooSlow(Transient):
    """A request did not come in time."""


class StoreBusy(Transient):
    """Another daemon holds the state directory."""


class StoreUnwritable(Transient):
    """Nothing can be written to durable state at the moment (the disk is full, or failed): nothing new is accepted; what is there is read and watched."""


class NoDaemon(Transient):
    """No daemon answers the client where it looked."""


class ActorDead(Permanent):
    """The actor asked is stopped, or crashed before it answered."""


class Cancelled(Permanent):
    """Somebody took the request back."""


class Refused(Permanent):
    """A rule said no."""


class Unauthorized(Permanent):
    """A door does not know who asks: no token, or none that is good now."""


class Forbidden(Permanent):
    """Who asks may not do or see this; the message says what it takes."""


class NotFound(Permanent):
    """No such thing; the message lists the nearest known names."""


class Conflict(Permanent):
    """The thing exists already, or changed meanwhile."""


class BadRequest(Permanent):
    """Arguments of a request are wrong."""


class TooLarge(BadRequest):
    """A request is over its limit in bytes."""


class BlueprintError(Permanent):
    """A blueprint has faults; `faults` are lines of `file:line:column: what is wrong, and what would be right`."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class EngineFault(Permanent):
    """An engine refused a call; `details` has `status` (HTTP) and `operation`."""


class ImageNotFound(EngineFault):
    """No such image on the engine, nor to be pulled."""


class PullDenied(EngineFault):
    """The registry refuses the image to us."""


class NameConflict(EngineFault):
    """A container of that name exists; `details["existing"]` is its engine id when the engine told it."""


class PortTaken(EngineFault):
    """A host port is in use by something else."""


class OutOfDisk(EngineFault):
    """No space left on the engine."""


class NotReloaded(Permanent):
    """A command that was to read changed files again has failed in its container."""


class NotChanged(Permanent):
    """An engine took a change of what runs and did not do it."""


class ShellFault(Permanent):
    """A machine does not take a file."""


class CloudFault(Permanent):
    """A cloud refused a call; `details` has `cloud` and `operation`."""


class CloudDenied(CloudFault):
    """The cloud does not accept our identity and credential, or not for this call."""


class QuotaReached(CloudFault):
    """The cloud gives us no more machines, processors or addresses."""


class NothingFits(CloudFault):
    """No size, image, place or provider is as asked; the message names the nearest."""


class HttpFault(Permanent):
    """What is at a url cannot be asked or used: no HTTP, or more than was allowed."""


class InstallFailed(Permanent):
    """A machine did not become a host: at this step, by this command, whose last words are in `output`; `remedy` is the one thing to do.

    `again` tells whether the same attempt may succeed later without anybody's doing, as after a lock or a network that comes back.
    """

    def __init__(self, step: str, command: str, output: str, remedy: str, *, again: bool = False) -> None:
        last = output.strip().splitlines()[-1].strip() if output.strip() else "no output"
        super().__init__(f"installation failed at step {step}: {last}; {remedy}", step=step, command=command, output=output, remedy=remedy)
        self.step, self.command, self.output, self.remedy, self.again = step, command, output, remedy, again


class StoreFault(Permanent):
    """Durable state cannot be read or written."""


class StaleEpoch(Permanent):
    """A newer daemon has taken over the state; this one must stop writing."""


class SettingsError(Permanent):
    """A setting is wrong; the message names the file or variable."""
