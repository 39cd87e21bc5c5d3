"""Java classes that files of the ancestors name and no type of the catalogue means: what to write in their place.

Those that a type of the catalogue means are among its `aliases`, so whoever adds such a type changes nothing here: the catalogue is asked first.
"""

import re
from collections.abc import Mapping

from clocker_actors.blueprint.nodes import quote

_CLASS = re.compile(r"(?:[a-z_][a-z0-9_]*\.){2,}[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*")

_IMAGES: Mapping[str, str] = {
    "activemq": "docker:apache/activemq-classic",
    "cassandra": "docker:cassandra",
    "couchbase": "docker:couchbase",
    "couchdb": "docker:couchdb",
    "elasticsearch": "docker:elasticsearch",
    "etcd": "docker:quay.io/coreos/etcd",
    "jboss": "docker:quay.io/wildfly/wildfly",
    "jetty": "docker:jetty",
    "kafka": "docker:apache/kafka",
    "mariadb": "docker:mariadb",
    "mongodb": "docker:mongo",
    "mysql": "docker:mysql",
    "nginx": "docker:nginx",
    "postgresql": "docker:postgres",
    "rabbit": "docker:rabbitmq",
    "riak": "docker:basho/riak-kv",
    "solr": "docker:solr",
    "tomcat": "docker:tomcat",
    "wildfly": "docker:quay.io/wildfly/wildfly",
    "zookeeper": "docker:zookeeper",
    "haproxy": "docker:haproxy",
}
"""What begins the name of a class, and an image of the same software."""

_ELSE: Mapping[str, str] = {
    "controlleddynamicwebappcluster": "write `type: cluster` with the server as `memberSpec`, and a load balancer beside it",
    "dynamicwebappcluster": "write `type: cluster` with the server as `memberSpec`",
    "dynamicfabric": "write one `type: cluster` for each docker cloud",
    "vanillasoftwareprocess": "write `type: container` with `build`, where the Dockerfile installs it",
    "emptysoftwareprocess": "write `type: container` with an `image`",
    "dockerhost": "list it among the `hosts` of a `docker-cloud`",
    "dockercontainer": "write `type: docker:image`",
    "serverpool": "write `type: docker-cloud` with a `location`",
    "virtualnetwork": "remove it; containers reach each other at the ports that they publish",
    "weavenetwork": "remove it; containers reach each other at the ports that they publish",
    "caliconetwork": "remove it; containers reach each other at the ports that they publish",
}


def advice(written: str) -> str:
    """A fault for a Java class that no type means, with what to write instead; "" for what is none."""
    name = written.removeprefix("java:")
    if not _CLASS.fullmatch(name):
        return ""
    plain = name.rpartition(".")[2].lower()
    image = next((image for start, image in _IMAGES.items() if plain.startswith(start)), "")
    if image:
        to_do = f"write `type: {image}:TAG` with its `env`, `ports` and `volumes`"
    else:
        own = "run it as `type: docker:IMAGE`, or `clocker catalog add` a type that has this name among its `aliases`"
        to_do = _ELSE.get(plain, own)
    return f"{quote(written)} is a Java class that no type of the catalogue means; {to_do}"


_ADJUNCTS: Mapping[str, str] = {
    "addchildreneffector": "services are added by changing the file and deploying it again; `add-children` adds them when it is read",
    "compositeeffector": "write one `exec-effector` whose command does all of it",
    "proxyeffector": "call the effector of the other entity itself, as `clocker invoke ENTITY EFFECTOR`",
    "maxconcurrencysensor": "a docker cloud starts as many containers at once as its engines keep up with; `start_limit` of the settings is where that begins",
    "durationsincesensor": "write a `time-weighted-delta` enricher, or ask Prometheus for the age of a sensor",
    "functionsensor": "write an `exec-feed` with a command, or an `http-feed`",
    "winrmcommandsensor": "containers here are Linux; write an `exec-feed`",
}
_WORKFLOW = re.compile(r"(?:.*[.])?workflow[a-z-]*", re.IGNORECASE)


def not_here(written: str) -> str:
    """A fault for an initializer, policy or enricher of the ancestors that is not made here, with what to do instead; "" for any other."""
    plain = written.removeprefix("java:").rpartition(".")[2].lower().replace("-", "")
    if _WORKFLOW.fullmatch(written) or plain.startswith("workflow"):
        return f"{quote(written)} is not supported: there are no workflows; write an `exec-effector` or `container-effector` whose command does it"
    found = _ADJUNCTS.get(plain)
    return f"{quote(written)} is not supported; {found}" if found else ""
