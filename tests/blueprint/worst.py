"""The worst that can stand in a megabyte: texts made to take time or memory, by name; and a measure of time that does not depend on what runs beside."""

import time
from collections.abc import Callable, Iterable

MEGABYTE = 1 << 20
_USUAL = 0.12
"""CPU seconds that the work of `_some_work` takes on a machine of 2020 that does nothing else."""

_SOON = 0.7
"""Seconds that nobody need look at twice."""


def _some_work() -> float:
    start = time.process_time()
    made = {str(number): (number, [number]) for number in range(200_000)}
    assert made
    return time.process_time() - start


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of the work on a machine that does nothing else: what runs beside slows both it and the work it is compared with."""
    start = time.process_time()
    work()
    taken = time.process_time() - start
    if taken < _SOON:
        return taken
    return taken / max(1.0, min(_some_work(), _some_work()) / _USUAL)


def _lines(head: str, line: Callable[[int], str], count: int) -> str:
    return f"services:\n{head}" + "".join(line(number) + "\n" for number in range(count))


def _web(keys: str, line: Callable[[int], str], count: int) -> str:
    return _lines(f"- type: docker:web\n  id: web\n  {keys}:\n", line, count)


def _joined(lines: Iterable[str]) -> str:
    return "".join(lines)


WORST = {
    "services of a type": "services:\n" + "- redis\n" * 10_000,
    "named services of a type": _lines("", lambda n: f"- {{type: nodejs, id: r{n}, gitRepoUrl: 'http://a/b'}}", 2_990),
    "a chain of configuration": _web("config", lambda n: f'    k{n}: $brooklyn:config("k{n - 1}")' if n else "    k0: 1", 9_000),
    "a chain of dotted configuration": _web(
        "config", lambda n: f'    a.b.k{n}: $brooklyn:config("a.b.k{n - 1}")' if n else "    a.b.k0: 1", 9_000
    ),
    "dots": "services:\n- type: docker:web\n  config: {" + "a." * 500_000 + "a: 1}\n",
    "parameters": _web("parameters", lambda n: f"  - {{name: p{n}, type: integer, default: {n}}}", 5_500),
    "constraints": _web(
        "parameters",
        lambda n: f"    - regex: '(a+)+{n}$'" if n else "  - name: a\n    default: aaaaaaaaaaaaaaaaaaaa\n    constraints:",
        5_000,
    ),
    "a regular expression": "services:\n- type: docker:web\n  parameters: [{name: a, default: "
    + "a" * 60
    + ", constraints: [{regex: '(a|a)*(a|a)*b'}]}]\n",
    "a glob": "services:\n- type: docker:web\n  parameters: [{name: a, default: "
    + "a" * 100
    + ", constraints: [{glob: '"
    + "*a" * 200
    + "b'}]}]\n",
    "width": "services:\n- type: docker:web\n  env: {A: '$brooklyn:formatString(\"%999999999d\", 1)'}\n",
    "widths": _web("env", lambda n: f"    A{n}: '$brooklyn:formatString(\"%9999d\", 1)'", 20_000),
    "clusters": _lines(
        "", lambda n: f"- {{type: cluster, id: c{n}, memberSpec: {{type: docker:web, env: {{A: '$brooklyn:parent().entityId()'}}}}}}", 1_490
    ),
    "all late": _lines(
        "",
        lambda n: (
            f'- {{type: docker:web, id: c{n}, env: {{A: \'$brooklyn:component("c0").attributeWhenReady("host.address")\'}}, config: {{x: 1}}}}'
        ),
        2_990,
    ),
    "names that are almost right": _lines("", lambda n: f"- {{type: docker:web, id: service-{n}, dependsOn: servic-{n}}}", 2_990),
    "keys that are almost right": _lines("", lambda n: f"- {{type: docker:web, enviroment{n}: 1, memry{n}: 1}}", 2_990),
    "feeds": _web("initializers", lambda n: f"  - {{type: static-sensor, config: {{name: a{n}, value: 1}}}}", 5_400),
    "a chain of enrichers": _web(
        "enrichers", lambda n: f"  - {{type: transformer, config: {{sourceSensor: a{n}, targetSensor: a{n + 1}}}}}", 5_400
    ),
    "chains of enrichers": "services:\n"
    + _joined(
        f"- type: docker:web\n  id: s{m}\n  enrichers:\n"
        + _joined(f"  - {{type: transformer, config: {{sourceSensor: a{n}, targetSensor: a{n + 1}}}}}\n" for n in range(190))
        for m in range(25)
    ),
    "different templates": _web("files", lambda n: f"    /a{n}: {{template: 'x{n} {{{{ attribute[\"host.name\"] }}}}'}}", 9_000),
    "templates that loop": _web("files", lambda n: f"    /a{n}: {{template: '{{% for i in range(9000) %}}x{{% endfor %}}{n}'}}", 9_000),
    "one template in many places": _web(
        "files",
        lambda n: f"    /b{n}: *a" if n else "    /a: &a {template: '{% for i in range(9000) %}xxxxxxxxxxxxxxxxxxxxxx{% endfor %}'}",
        9_000,
    ),
    "a template in turns": _web("files", lambda n: f"    /a{n}: {{template: '{{{{ config[\"memory\"] }}}}{n % 200}'}}", 9_000),
    "inline builds": _lines("", lambda n: f"- {{type: container, build: {{inline: 'FROM a{n}'}}}}", 2_990),
    "braces": "services:\n- type: docker-cloud\n  name: a\n  location: 'byon:(hosts=\"10.{1..255}.{1..255}.{1..255}\")'\n",
    "same names": "services:\n" + "- {type: docker:web, name: x}\n" * 2_990,
    "rules of affinity": _web("affinity", lambda n: f"  - NOT TYPE a{n}", 19_000),
    "commas": "services:\n- {type: docker:web, env: {A: $brooklyn:formatString(" + '"a",' * 150_000 + ")}}\n",
}
