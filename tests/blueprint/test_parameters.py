"""Are parameters typed and checked, each violation told where the value stands?"""

from textwrap import dedent

import pytest

from clocker_actors.blueprint.parameters import parse_kind
from tests.blueprint.reading import application, fault, faults

HEAD = "services:\n- type: docker:web\n"


def written(parameter: str, value: str = "", more: str = "") -> str:
    """A service with one parameter `x` and a value for it, which stands on line 6 at column 8."""
    given = f"  config:\n{more}    x: {value}\n" if value else "  config: {my.own: 1}\n"
    return f"{HEAD}  parameters:\n  - {{name: x, {parameter}}}\n{given}"


def value(parameter: str, given: str = "") -> object:
    """The value that parameter `x` has then."""
    (service,) = application(written(parameter, given)).services
    return service.config.get("x")


@pytest.mark.parametrize(
    ("kind", "given", "found"),
    [
        ("string", "1.10", "1.10"),
        ("integer", "0x10", 16),
        ("java.lang.Integer", "-3", -3),
        ("long", "9000000000", 9_000_000_000),
        ("float", "1.5", 1.5),
        ("double", "1e3", 1000.0),
        ("boolean", "yes", True),
        ("timestamp", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("timestamp", "1700000000", "1700000000"),
        ("duration", "1h30m", 5400.0),
        ("size", "2GiB", 2 << 30),
        ("port", "8080", 8080),
        ("port", "8080+", 8080),
        ("port", "8080-8090", 8080),
        ("org.apache.brooklyn.api.location.PortRange", "80+", 80),
        ("list", "[1, a]", [1, "a"]),
        ("list<duration>", "[1m, 2m]", [60.0, 120.0]),
        ("'map<string,integer>'", "{a: 1}", {"a": 1}),
        ("map<boolean>", "{a: off}", {"a": False}),
        ("'map<string,list<port>>'", "{a: [80+]}", {"a": [80]}),
        ("any", "{a: [1]}", {"a": [1]}),
    ],
)
def test_a_value_has_the_type_of_its_parameter(kind: str, given: str, found: object) -> None:
    assert value(f"type: {kind}", given) == found


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("string", "[a]"),
        ("integer", "1.5"),
        ("integer", "3000000000"),
        ("long", "9300000000000000000"),
        ("double", "many"),
        ("double", ".inf"),
        ("boolean", "perhaps"),
        ("timestamp", "tomorrow"),
        ("duration", "5 parsecs"),
        ("duration", "-5"),
        ("size", "12 miles"),
        ("port", "0"),
        ("port", "70000"),
        ("port", "90-80"),
        ("port", "8080++"),
        ("list", "a"),
        ("list<integer>", "[a]"),
        ("map", "[a]"),
        ("map<integer>", "{a: b}"),
    ],
)
def test_a_value_of_another_type_is_a_fault_where_it_stands(kind: str, given: str) -> None:
    found = fault(written(f"type: {kind}", given))
    assert found.startswith("shop.yaml:6:") and "`x`" in found


def test_a_bare_name_is_a_parameter_too() -> None:
    (service,) = application("services: [{type: docker:web, parameters: [colour], colour: red}]").services
    assert service.config == {"colour": "red"}


def test_a_parameter_may_be_given_at_the_service_itself_and_what_nobody_declares_may_not() -> None:
    assert application("services: [{type: docker:web, parameters: [{name: colour, type: integer}], colour: 3}]").services[0].config == {
        "colour": 3
    }
    assert "did you mean `colour`?" in fault("services: [{type: docker:web, parameters: [colour], colours: 3}]")


def test_a_default_has_to_be_of_the_type() -> None:
    assert "the default of `x`" in fault("services: [{type: docker:web, parameters: [{name: x, type: integer, default: many}]}]")
    assert value("type: integer, default: 3") == 3
    assert value("type: integer, default: 3", "4") == 4


@pytest.mark.parametrize(
    ("constraints", "given", "lacking"),
    [
        ("[required]", "", "is required"),
        ("required", "", "is required"),
        ("[{regex: '[a-z]+'}]", "ABC", "does not match"),
        ("[{glob: '*.war'}]", "app.jar", "is not like"),
        ("[{less-than: 3, greater-than: 1}], type: integer", "3", "is `3`, but has to be less-than 3 and greater-than 1"),
        ("[{any: [{equals: a}, {glob: 'b*'}]}]", "c", "has to be any"),
        ("[{requiredIf: y}]", "", "is required, since `y` is given"),
        ("[{forbiddenIf: y}]", "a", "cannot be given, since `y` is given"),
        ("[{requiredUnless: z}]", "", "is required, since `z` is not given"),
        ("[{forbiddenUnless: z}]", "a", "cannot be given, since `z` is not given"),
        ("[{requiredUnlessAnyOf: [z, zz]}]", "", "is required, since `z` or `zz` is not given"),
        ("[{forbiddenUnlessAnyOf: [z, zz]}]", "a", "cannot be given"),
    ],
)
def test_each_constraint_that_is_violated_is_told(constraints: str, given: str, lacking: str) -> None:
    text = written(f"constraints: {constraints}", given, "    y.a: 1\n").replace("my.own: 1", "y: 1").replace("y.a", "y")
    found = fault(text.replace("  parameters:\n", "  parameters:\n  - y\n"))
    assert lacking in found
    assert found.startswith("shop.yaml:8:" if given else "shop.yaml:2:")


@pytest.mark.parametrize(
    ("constraints", "given"),
    [
        ("[required]", "a"),
        ("[{regex: '[a-z]+'}]", "abc"),
        ("[{regex: '[a-z]+'}]", ""),
        ("[{glob: '*.war'}]", "a.war"),
        ("[{glob: '*.war'}]", ""),
        ("[{requiredIf: z}]", ""),
        ("[{forbiddenIf: z}]", "a"),
        ("[{requiredUnlessAnyOf: [z, x]}]", "a"),
        ("[{less-than: 3, greater-than: 1}]", "2"),
        ("[{any: [{equals: a}, {glob: 'b*'}]}]", "bee"),
        ("[urlExists]", "http://localhost/nobody-asks-when-it-is-read"),
    ],
)
def test_what_fits_its_constraints_is_taken(constraints: str, given: str) -> None:
    assert value(f"constraints: {constraints}", given) == (given or None)


def test_a_default_is_a_value_too() -> None:
    assert value("default: abc, constraints: [required, {regex: '[a-z]+'}]") == "abc"
    assert "does not match" in fault(written("default: ABC, constraints: [{regex: '[a-z]+'}]"))


@pytest.mark.parametrize(
    ("parameter", "told"),
    [
        ("{name: x, type: strin}", "did you mean `string`?"),
        ("{name: x, type: com.example.Whatever}", "`com.example.Whatever` is not a type of parameter; write one of string, integer"),
        ("{name: x, type: list<strin>}", "is not a type of parameter"),
        ("{name: x, type: integer<string>}", "is not a type of parameter"),
        ("{type: string}", "needs a `name`"),
        ("{name: 'a b'}", "needs a `name`"),
        ("{name: x, colour: red}", "`colour` is not a key of a parameter"),
        ("{name: x, constraints: [requird]}", "did you mean `required` or"),
        ("{name: x, constraints: [{regex: '('}]}", "no regular expression"),
        ("{name: x, constraints: [{regex: '(a+)+b'}]}", "repeats"),
        ("{name: x, constraints: [{less-then: 3}]}", "`less-then` is not a test of a predicate; write less-than"),
        ("{name: x, constraints: [[a]]}", "a constraint cannot be a list"),
        ("[x]", "a parameter has a list"),
    ],
)
def test_a_wrong_parameter_is_a_fault(parameter: str, told: str) -> None:
    found = faults(f"services:\n- type: docker:web\n  parameters:\n  - {parameter}\n")
    assert any(told in each for each in found), found
    assert all(each.startswith("shop.yaml:4:") for each in found)


def test_two_parameters_of_one_name_are_a_fault() -> None:
    assert "parameter `x` is also on line 1" in fault("services: [{type: docker:web, parameters: [x, x]}]")


def test_types_of_parameters_are_understood_whatever_their_package() -> None:
    assert str(parse_kind("java.util.List<java.lang.String>")) == "list<string>"
    assert str(parse_kind("Map")) == "map"
    assert parse_kind("list<list<list<list<list<string>>>>>") is None


def test_parameters_of_the_application_come_down() -> None:
    text = """
    parameters: [{name: size, type: integer, default: 2}]
    config: {size: 3}
    services:
    - type: docker:web
      parameters: [{name: size, type: integer}]
    """
    found = application(dedent(text))
    assert found.services[0].config == {"size": 3}
    assert found.config == {"size": 3}


def test_other_names_of_a_parameter_mean_it() -> None:
    text = """
    services:
    - type: docker:web
      parameters: [{name: httpPort, type: port, default: 80, aliases: [http.port]}, {name: settings, type: map, aliases: set}]
      config: {http.port: 8080+, set.one: 1}
      env: {PORT: $brooklyn:config("http.port"), ALSO: $brooklyn:config("httpPort")}
    """
    (service,) = application(dedent(text)).services
    assert service.config == {"httpPort": 8080, "settings": {"one": 1}}
    assert service.container and service.container.env == {"PORT": "8080", "ALSO": "8080"}
    assert "`httpPort` is also on line 5" in fault(dedent(text.replace("set.one: 1", "httpPort: 1")))
