"""Whether what runs on a host may take more room there. Pure; the rules are those by which it was placed, of which only amounts can have changed."""

from clocker_actors.model.messages import HeldPlace
from clocker_actors.model.values import counted
from clocker_actors.placement.filters import megabytes
from clocker_actors.placement.hosts import NANO, Need
from clocker_actors.placement.index import HostIndex


def lacking(index: HostIndex, place: HeldPlace) -> str:
    """What its host has too little of for a generation that has room there to have this much, in words; "" if it has enough, or if nothing is known of either.
    Who wants less than before is never refused."""
    request = place.request
    held, row, need = index.reservation(request.member, request.generation), index.rows.get(place.host), Need.of(request)
    if held is None or row is None or not row.cores:
        return ""
    memory, nanocpus = row.memory - row.memory_reserved + held.need.memory, row.cores * NANO - row.nanocpus + held.need.nanocpus
    if need.memory > max(held.need.memory, memory):
        return f"{row.name} has {megabytes(memory)} memory for it beside what others have reserved; {megabytes(need.memory)} wanted"
    if need.nanocpus > max(held.need.nanocpus, nanocpus):
        return f"{row.name} has {nanocpus / NANO:g} of {counted(row.cores, 'processor')} for it; {need.nanocpus / NANO:g} wanted"
    return ""
