"""Every kind of record that there is, and the value that it decodes to: one row each, so that whoever looks through a whole state knows them all."""

from collections.abc import Mapping

from clocker_actors.entities.cataloguing import KIND as TYPES
from clocker_actors.entities.cataloguing import AddedTypes
from clocker_actors.entities.hosts.leases import KIND as LEASE
from clocker_actors.entities.hosts.leases import Longest
from clocker_actors.entities.journal import ACTIVITY_KIND
from clocker_actors.entities.records import (
    ADJUNCT_KIND,
    DECISION_KIND,
    ApplicationState,
    ClusterState,
    HostState,
    MemberState,
    PoolState,
    RootState,
)
from clocker_actors.model.activities import KeptActivity
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.tokens import TOKEN_KIND, Token
from clocker_actors.store.keyring import Sealed
from clocker_actors.store.strongbox import KIND as SEALED
from clocker_actors.telemetry.history import Chunk
from clocker_actors.telemetry.sampling import HISTORY

RECORD_KINDS: Mapping[str, type] = {
    EntityKind.ROOT: RootState,
    EntityKind.APPLICATION: ApplicationState,
    EntityKind.CLUSTER: ClusterState,
    EntityKind.MEMBER: MemberState,
    EntityKind.POOL: PoolState,
    EntityKind.HOST: HostState,
    DECISION_KIND: Decision,
    ACTIVITY_KIND: KeptActivity,
    ADJUNCT_KIND: dict,
    TYPES: AddedTypes,
    LEASE: Longest,
    HISTORY: Chunk,
    SEALED: Sealed,
    TOKEN_KIND: Token,
}
"""By kind of record."""
