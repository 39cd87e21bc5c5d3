"""The configuration keys of the autoscaler: the ancestor's, with its defaults, and one of our own (`metricPeriod`).

A key may be written with `autoscaler.` before it.
"""

from collections.abc import Mapping

from clocker_actors.errors import BadRequest
from clocker_actors.model import sensors
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import MAX_MEMBERS
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_number

RESIZE = "resize"
"""The cluster's own effector; what another one takes, nobody knows."""
MARK = "insufficientCapacityHighWaterMark"
MARK_LIFE = 300.0
"""Seconds after which a mark that the policy set itself lapses."""
MOST_MEMBERS = 1_000_000

AUTOSCALER = PolicyType(
    "autoscaler",
    "policy",
    (
        KeyType("metric", "sensor", None, "sensor that says how hard the members work, as a mean per member"),
        KeyType(
            "entityWithMetric",
            "string",
            None,
            "who has the metric: the id of a service of the file, or $brooklyn:component(…); its own entity if not set",
        ),
        KeyType("metricLowerBound", "number", None, "below it the cluster shrinks; 0 or not set: it never does"),
        KeyType("metricUpperBound", "number", None, "above it the cluster grows; 0 or not set: it never does"),
        KeyType(
            "metricPeriod",
            "duration",
            1.0,
            "how often the metric is measured; a reading older than three periods does not count",
            least=0.1,
        ),
        KeyType("minPoolSize", "integer", 1, "fewest members, within the cluster's own minSize and maxSize", least=0, most=MOST_MEMBERS),
        KeyType(
            "maxPoolSize", "integer", MAX_MEMBERS, "most members, within the cluster's own minSize and maxSize", least=0, most=MOST_MEMBERS
        ),
        KeyType("resizeUpIterationIncrement", "integer", 1, "growth is rounded up to a multiple of this", least=1),
        KeyType("resizeDownIterationIncrement", "integer", 1, "shrinking is rounded up to a multiple of this", least=1),
        KeyType("resizeUpIterationMax", "integer", None, "most members added at once", least=1),
        KeyType("resizeDownIterationMax", "integer", None, "most members taken away at once", least=1),
        KeyType("resizeUpStabilizationDelay", "duration", 0.0, "growth must be wanted for this long without a break", least=0),
        KeyType("resizeDownStabilizationDelay", "duration", 0.0, "shrinking must be wanted for this long without a break", least=0),
        KeyType("minPeriodBetweenExecs", "duration", 0.1, "shortest time between two resizes", least=0),
        KeyType(
            MARK,
            "integer",
            None,
            "no larger size is tried; the policy sets it itself for 5 minutes when capacity was short, null takes it away",
            least=0,
        ),
        KeyType("resizeOperator", "string", RESIZE, "effector that sets the size, given as `size`"),
        KeyType("currentSizeOperator", "sensor", sensors.GROUP_DESIRED.name, "sensor that has the size asked for"),
        KeyType("poolHotSensor", "sensor", sensors.POOL_HOT.name, "notification that the pool works too hard"),
        KeyType("poolColdSensor", "sensor", sensors.POOL_COLD.name, "notification that the pool has too little to do"),
        KeyType("poolOkSensor", "sensor", sensors.POOL_OK.name, "notification that the pool is well again"),
        KeyType(
            "maxSizeReachedSensor",
            "sensor",
            None,
            f"notification to fire when more than maxPoolSize is wanted, e.g. {sensors.POOL_MAX.name}",
        ),
        KeyType("maxReachedNotificationDelay", "duration", 0.0, "how long more must be wanted before that is fired", least=0),
    ),
    ("AutoScalerPolicy", "org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy", "brooklyn.policy.autoscaling.AutoScalerPolicy"),
    "grows and shrinks a cluster with its load",
    kinds=(EntityKind.CLUSTER,),
    needs=("metric", "poolHotSensor", "poolColdSensor"),
    bounds=("metricLowerBound", "metricUpperBound"),
    hears=("metric", "poolHotSensor", "poolColdSensor", "currentSizeOperator"),
    elsewhere=("entityWithMetric",),
    gives=("maxSizeReachedSensor",),
    orders={"resizeOperator": "size"},
)


def check(config: Mapping[str, Value]) -> None:
    """Raise BadRequest for bounds that contradict each other."""
    for lower, upper in (("minPoolSize", "maxPoolSize"), ("metricLowerBound", "metricUpperBound")):
        least, most = as_number(config[lower]), as_number(config[upper])
        if least is not None and most is not None and least > most and (most > 0 or lower == "minPoolSize"):
            raise BadRequest(f"autoscaler: {lower}={least:g} is more than {upper}={most:g}; give {lower} of at most {most:g}", key=lower)
