"""What do containers of an application have beyond the usual, wherever in it they stand, and on which docker cloud?"""

from dataclasses import replace

from clocker_actors.allowances import Allowance, Allowances
from clocker_actors.model.specs import ApplicationSpec, ClusterSpec, ContainerSpec, ImageSpec, ServiceSpec, VolumeKind, VolumeSpec
from clocker_actors.planning.powers import refused, wielded

PLAIN = ContainerSpec(ImageSpec("web"))
STRONG = replace(PLAIN, privileged=True)
BOUND = replace(PLAIN, volumes=(VolumeSpec(VolumeKind.BIND, "/srv", "/srv"), VolumeSpec(VolumeKind.VOLUME, "data", "/data")))


def service(name: str, container: ContainerSpec | None = None, *children: ServiceSpec, location: str = "") -> ServiceSpec:
    return ServiceSpec(name, name, "container" if container else "group", container, children=children, location=location)


def cluster(name: str, member: ServiceSpec, location: str = "") -> ServiceSpec:
    return ServiceSpec(name, name, "cluster", cluster=ClusterSpec(member), location=location)


def test_each_is_found_where_it_stands_with_the_docker_cloud_it_runs_on() -> None:
    capable = replace(PLAIN, capabilities_add=("NET_RAW", "SYS_ADMIN"))
    services = (
        service("a", STRONG),
        cluster("b", service("m", BOUND), location="barn"),
        service("c", None, service("d", capable), cluster("e", service("n", None, service("o", STRONG))), location="yard"),
    )
    found = [(each.path, each.pool, each.power) for each in wielded(ApplicationSpec("shop", "shop", "local", services))]
    assert found == [
        ("shop/a", "local", ("privileged", "")),
        ("shop/b", "barn", ("host_paths", "/srv")),
        ("shop/c/d", "yard", ("capabilities", "NET_RAW")),
        ("shop/c/d", "yard", ("capabilities", "SYS_ADMIN")),
        ("shop/c/e/o", "yard", ("privileged", "")),
    ]


def test_what_is_refused_says_what_to_do() -> None:
    application = ApplicationSpec("shop", "shop", "yard", (service("a", STRONG), service("b", BOUND)))
    allow = Allowances(pools={"yard": Allowance(host_paths=("/srv",))})
    assert [each.refusal for each in refused(application, allow)] == [
        "shop/a runs privileged, which nobody allowed on yard: leave it out, or have `privileged = true` under [allow] or [allow.yard] in the daemon's clocker.toml"
    ]
