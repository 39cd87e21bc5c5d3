"""Actors: one run queue, one door, addresses that outlive their actors, supervision, work, time.

General: it knows nothing of hosts and containers and imports neither model nor ports. It is the only room that imports Pykka, whose actor
classes it runs on one asyncio loop, so whoever wants another substrate replaces this room and visits no other.
"""

from clocker_actors.kernel.actor import Actor
from clocker_actors.kernel.cell import RestartBudget
from clocker_actors.kernel.clock import Clock, past
from clocker_actors.kernel.context import Current, current
from clocker_actors.kernel.counters import Counters, HandlerTime
from clocker_actors.kernel.dump import ActorDump
from clocker_actors.kernel.kernel import Kernel
from clocker_actors.kernel.messages import (
    Answered,
    ChildRestarted,
    Escalated,
    RequestFailed,
    Started,
    StartFailed,
    Stopped,
    TimedOut,
    WorkDone,
    WorkFailed,
)
from clocker_actors.kernel.ref import Ref
from clocker_actors.kernel.virtual import VirtualLoop

__all__ = [
    "Kernel",
    "Actor",
    "Ref",
    "RestartBudget",
    "Clock",
    "past",
    "VirtualLoop",
    "Started",
    "StartFailed",
    "Stopped",
    "ChildRestarted",
    "Escalated",
    "Answered",
    "RequestFailed",
    "TimedOut",
    "WorkDone",
    "WorkFailed",
    "ActorDump",
    "Counters",
    "HandlerTime",
    "Current",
    "current",
]
