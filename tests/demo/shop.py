"""What the demo deploys: a web cluster whose size follows its load, and the image it is made of."""

from dataclasses import dataclass

from tests.bed.image import WEB_TAG, write_context
from tests.demo.ground import Ground, Kind
from tests.demo.home import Home

CLUSTER = "shop/web"
LOWER, UPPER = 5, 15
MOST = 6
CPUS = 0.25

_BLUEPRINT = """\
name: shop
services:
- type: cluster
  name: web
  initialSize: 1
  minSize: 1
  maxSize: {most}
  memberSpec:
{image}
    ports: [8080]
    cpus: {cpus}            # each member may use a quarter of a core
    memory: 64m
    readiness: {{http: 8080/}}
  policies:
  - type: autoscaler
    config:
      metric: cpu.mean.average
      metricLowerBound: {lower}
      metricUpperBound: {upper}
      minPoolSize: 1
      maxPoolSize: {most}
      resizeUpIterationMax: 2
      resizeDownStabilizationDelay: {calm:g}s
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things are shown, in seconds; `calm` is the autoscaler's window before it shrinks."""

    idle: float = 5.0
    load: float = 70.0
    steady: float = 12.0
    calm: float = 10.0
    shrink: float = 60.0


FULL = Pace()
QUICK = Pace(idle=1.5, load=45.0, steady=2.0, calm=3.0, shrink=40.0)


def write(home: Home, ground: Ground, pace: Pace) -> str:
    """Write blueprint and build context; the blueprint's text. The engine builds the image itself; simulated ones need none."""
    home.shop.mkdir(parents=True, exist_ok=True)
    if ground.kind is Kind.SIMULATED:
        image = f"    type: docker:{WEB_TAG}"
    else:
        write_context(home.shop / "image")
        image = "    type: container\n    build: image             # the folder next to this file: busybox and two scripts"
    text = _BLUEPRINT.format(most=MOST, image=image, cpus=CPUS, lower=LOWER, upper=UPPER, calm=pace.calm)
    (home.shop / "shop.yaml").write_text(text)
    return text
