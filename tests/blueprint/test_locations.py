"""Is a location the same in every way it may be written, and is each wrong one named at its column with what would be right?"""

import contextlib
import re
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libcloud.compute.providers import DRIVERS
from libcloud.compute.types import Provider

from clocker_actors.blueprint import parse
from clocker_actors.blueprint.providers import JCLOUDS, PROVIDERS, WITHDRAWN, provider_of, unusable
from clocker_actors.errors import BlueprintError
from clocker_actors.model.locations import CloudSpec, LocationKind, LocationSpec, MachineSpec, NodeTemplate, SecretRef
from clocker_actors.model.specs import PoolSpec
from tests.blueprint.reading import TYPES, application, fault, faults, pool, pool_faults

GIB = 1 << 30


def location(text: str) -> LocationSpec:
    found = pool(f"location: {text}").location
    assert found is not None
    assert msgspec.json.decode(msgspec.json.encode(found), type=LocationSpec) == found or found.overrides
    return found


def wrong(text: str) -> list[str]:
    """Faults of a location that begins at line 4, column 13 of its file."""
    return pool_faults(f"location: {text}")


# --- machines


BYON = (
    MachineSpec("10.0.0.1", "10.0.0.1", user="admin", key_file="/etc/id"),
    MachineSpec("10.0.0.2", "10.0.0.2", user="admin", key_file="/etc/id"),
    MachineSpec("ha", "ha", user="admin", key_file="/etc/id"),
    MachineSpec("hb", "hb", user="admin", key_file="/etc/id"),
)


@pytest.mark.parametrize(
    "text",
    [
        """'byon:(hosts="10.0.0.{1..2},h{a,b}",user=admin,privateKeyFile=/etc/id)'""",
        """byon:(hosts="10.0.0.{1..2},h{a,b}", user = admin , privateKeyFile='/etc/id')""",
        """byon(hosts=(10.0.0.{1..2},h{a,b}),user="admin",privateKeyFile=/etc/id)""",
        """byon:(10.0.0.{1..2},h{a,b},user=admin,key=/etc/id)""",
        """{byon: {hosts: ["10.0.0.{1..2}", "h{a,b}"], user: admin, privateKeyFile: /etc/id}}""",
        """{byon: {hosts: "10.0.0.{1..2},h{a,b}", loginUser: admin, privateKeyFile: /etc/id}}""",
        """[{byon: {hosts: ["admin@10.0.0.{1..2}", "admin@h{a,b}"], keyFile: /etc/id}}]""",
    ],
)
def test_machines_in_every_form(text: str) -> None:
    found = location(text)
    assert (found.kind, found.machines) == (LocationKind.MACHINES, BYON)
    assert found.capacity == 4


def test_a_map_says_more_of_one_machine() -> None:
    found = location("""
    byon:
      user: admin
      zone: a
      labels: {disk: hdd, rack: one}
      hosts:
      - 10.0.0.1:2200
      - {address: root@blue, port: 2222, name: azure, zone: b, labels: {disk: ssd}, privateKeyFile: /k, knownHosts: /known}
      - ssh: "[fe80::1]:23"
        displayName: six
    """)
    shared = {"disk": "hdd", "rack": "one"}
    assert found.machines == (
        MachineSpec("10.0.0.1", "10.0.0.1", 2200, "admin", zone="a", labels=shared),
        MachineSpec("azure", "blue", 2222, "root", "/k", "/known", "b", {"disk": "ssd", "rack": "one"}),
        MachineSpec("six", "fe80::1", 23, "admin", zone="a", labels=shared),
    )


@pytest.mark.parametrize(
    "text",
    [
        "ssh:me@blue:2222",
        "ssh:blue:(user=me,port=2222)",
        "host:(me@blue:2222)",
        "host:(host=blue,user=me,port=2222)",
        "host:me@blue:2222",
        "{ssh: 'me@blue:2222'}",
        "{host: 'me@blue:2222'}",
    ],
)
def test_one_machine(text: str) -> None:
    assert location(text).machines == (MachineSpec("blue", "blue", 2222, "me"),)


def test_localhost() -> None:
    found = location("localhost")
    assert (found.kind, found.machines) == (LocationKind.LOCAL, (MachineSpec("localhost", "localhost"),))
    assert location("localhost:(name=here)").name == "here"


def test_passwords_by_name() -> None:
    assert location("byon:(hosts=a,credentials=rack)").machines[0].password == SecretRef("rack.password")
    assert location("byon:(hosts=a)").machines[0].password is None


# --- clouds


@pytest.mark.parametrize(
    ("text", "provider", "region"),
    [
        ("libcloud:ec2:eu-west-1", "ec2", "eu-west-1"),
        ("jclouds:aws-ec2:eu-west-1", "ec2", "eu-west-1"),
        ("jclouds:openstack-nova:(endpoint='https://nova:5000/v3',osFamily=debian)", "openstack", ""),
        ("jclouds:digitalocean2:lon1:(imageId=debian-12-x64)", "digitalocean", "lon1"),
        ("{libcloud: 'ec2:eu-west-1'}", "ec2", "eu-west-1"),
        ("{'jclouds:aws-ec2': {region: eu-west-1}}", "ec2", "eu-west-1"),
        ("libcloud:x-bed:here:(imageNameRegex=bed)", "x-bed", "here"),
    ],
)
def test_clouds_by_either_spelling(text: str, provider: str, region: str) -> None:
    found = location(text)
    assert found.kind is LocationKind.CLOUD
    assert found.cloud is not None
    assert (found.cloud.provider, found.cloud.region) == (provider, region)
    assert found.capacity is None


TEMPLATE = NodeTemplate(
    min_ram=8 * GIB,
    min_cores=2,
    min_disk=50 * GIB,
    image_regex="debian-12.*",
    hardware_id="m5.large",
    os_family="debian",
    image_owners=("self", "136693071363"),
    user="admin",
    key_file="/etc/id",
    public_key="/etc/id.pub",
    security_groups=("a", "b"),
    inbound_ports=(22, 80),
    tags={"team": "shop"},
    user_metadata={"x": "y=z"},
    machine_create_attempts=3,
    destroy_on_failure=False,
)


TEMPLATE_AS_TEXT = (
    '\'libcloud:ec2:eu-west-1:(minRam=8g,minCores=2,minDisk=50,imageNameRegex="debian-12.*",hardwareId=m5.large,osFamily=debian,imageOwner="self,136693071363",user=admin,'
    'privateKeyFile=/etc/id,publicKeyFile=/etc/id.pub,securityGroups="a,b",inboundPorts=(22,80),tags=(team=shop),userMetadata="x=y=z",'
    "machineCreateAttempts=3,destroyOnFailure=false)'"
)


@pytest.mark.parametrize(
    "text",
    [
        TEMPLATE_AS_TEXT,
        """
    jclouds:aws-ec2:eu-west-1:
      minRam: 8192
      minCores: 2
      minDisk: 50g
      imageNameRegex: debian-12.*
      hardwareId: m5.large
      osFamily: debian
      imageOwner: [self, 136693071363]
      loginUser: admin
      privateKeyFile: /etc/id
      publicKeyFile: /etc/id.pub
      securityGroups: [a, b]
      inboundPorts: [22, 80]
      tags: {team: shop}
      userMetadata: {x: y=z}
      machineCreateAttempts: 3
      destroyOnFailure: no
""",
    ],
)
def test_options_as_text_and_as_a_map(text: str) -> None:
    found = location(text)
    assert found.cloud == CloudSpec("ec2", "eu-west-1", SecretRef("ec2.identity"), SecretRef("ec2.credential"), template=TEMPLATE)


def test_where_the_secrets_of_a_cloud_are() -> None:
    cloud = location("libcloud:ec2:eu-west-1:(credentials=ireland)").cloud
    assert cloud is not None
    assert (cloud.identity, cloud.credential) == (SecretRef("ireland.identity"), SecretRef("ireland.credential"))


def test_several_are_used_in_order() -> None:
    texts = [
        "[localhost, 'ssh:root@b']",
        "multi:(targets=(localhost,ssh:root@b))",
        "'multi:(targets=\"localhost,ssh:root@b\")'",
        "{multi: {targets: [localhost, 'ssh:root@b']}}",
        "{multi: [localhost, 'ssh:root@b']}",
    ]
    for text in texts:
        found = location(text)
        assert (found.kind, [part.kind for part in found.parts], found.capacity) == (
            LocationKind.MULTI,
            [LocationKind.LOCAL, LocationKind.MACHINES],
            2,
        )
    assert location("[localhost]").kind is LocationKind.LOCAL
    nested = location("multi:(targets=(byon:(hosts=(a{1..3},b)),libcloud:ec2:x))")
    assert [part.capacity for part in nested.parts] == [4, None]


def test_names_of_the_settings_may_have_other_options() -> None:
    found = location("ireland:(minRam=4g, tags=(a=b))")
    assert (found.kind, found.name, found.overrides) == (LocationKind.NAMED, "ireland", {"min_ram": 4 * GIB, "tags": {"a": "b"}})
    assert location("named:ireland") == LocationSpec(LocationKind.NAMED, "ireland")


@pytest.mark.parametrize("text", ["libcloud:ec2:eu-west-1:(tls=true)", "{byon: {hosts: 'h{1..3}', tls: true}}", "ssh:root@b:(tls=yes)"])
def test_engines_over_tls(text: str) -> None:
    assert location(text).tls
    assert not location(text.replace("true", "false").replace("yes", "no")).tls


def test_simulated_clouds() -> None:
    found = location("simulated:here:(minRam=1g)")
    assert found.kind is LocationKind.SIMULATED
    assert found.cloud is not None
    assert (found.cloud.provider, found.cloud.region, found.cloud.template.min_ram) == ("simulated", "here", GIB)


def test_libcloud_has_the_providers() -> None:
    own = {str(name) for name in vars(Provider).values() if isinstance(name, Provider)}
    assert own & {str(name) for name in DRIVERS} == PROVIDERS  # tests may register more of their own
    assert not WITHDRAWN & PROVIDERS
    assert set(JCLOUDS.values()) <= PROVIDERS | WITHDRAWN
    assert provider_of("nobody") is None


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("softlayer", "softlayer"),
        ("google-compute-engine", "gce"),
        ("azurecompute-arm", "azure_arm"),
        ("AZURE-ARM", "azure_arm"),
    ],
)
def test_names_of_clouds_that_can_make_no_machines_are_known(name: str, provider: str) -> None:
    assert provider_of(name) == provider
    assert unusable(provider)
    (told,) = wrong(f"'libcloud:{name}:west:(osFamily=debian)'")
    assert f"`libcloud:{name}:west` can make no machines: {unusable(provider)}; name another cloud" in told


# --- faults


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("libcloud:ec3:eu", 22, "`ec3` is not a cloud that libcloud knows; did you mean `ec2`"),
        ("jclouds:aws-ec:eu", 21, "did you mean `aws-ec2`"),
        ("libcloud:ec2", 22, "`ec2` has no region; write it behind, as ec2:eu-west-1"),
        ("'libcloud:digitalocean:(osFamily=debian)'", 23, "`digitalocean` has no region; write it behind, as digitalocean:ams3"),
        (
            "'libcloud:aurora_compute:(osFamily=debian)'",
            23,
            "`aurora_compute` has no region; write it behind, as aurora_compute:REGION, by the name",
        ),
        ("libcloud", 13, "names no cloud"),
        ("'libcloud:ec2:eu:(minRm=8g)'", 31, "`minRm` is not a key of a cloud location; did you mean `minRam`"),
        ("'libcloud:ec2:eu:(minRam=8q)'", 38, "write a size such as 512m"),
        ("'libcloud:ec2:eu:(minCores=x)'", 40, "write a number from 0"),
        ("'libcloud:ec2:eu:(inboundPorts=(22,99999))'", 48, "out of range"),
        ("'libcloud:ec2:eu:(imageId=a,imageNameRegex=b)'", 56, "keep one of them"),
        ("'libcloud:ec2:eu:(imageNameRegex=\"a(\")'", 46, "is no regular expression"),
        ("'libcloud:ec2:eu:(region=us)'", 38, "keep one of them"),
        ("'libcloud:ec2:eu:(tags=(clocker-plane=x))'", 36, "which is the manager's own"),
        ("'libcloud:ec2:eu:(privateKeyFile=id)'", 46, "beginning with `/`"),
        ("'libcloud:ec2:eu:(machineCreateAttempts=0)'", 53, "write a value from 1 to 20"),
        ("'libcloud:ec2:eu:(user)'", 31, "an option has no value; write key=value"),
        ("'libcloud:ec2:eu:(user=a,user=b)'", 38, "given a second time"),
        ("'libcloud:ec2:eu:(user=a'", 30, "`(` is never closed"),
        ("'libcloud:ec2:eu:(user=\"a)'", 36, "quote is never closed"),
        ("'libcloud:ec2:eu:(user=a]'", 37, "`]` where `)` was to come"),
        ("'libcloud:ec2:eu:(user=a) b'", 38, "something stands behind the closing bracket"),
        ("'libcloud:ec2:eu:user=a'", 14, "options stand in brackets"),
        (
            "libcloud:digitalocean:ams3",
            13,
            "machines of `libcloud:digitalocean:ams3` have no image; write one of imageId, imageNameRegex and osFamily",
        ),
        ("'libcloud:openstack:http://x:5000'", 23, "as the option `endpoint`"),
        ("'libcloud:ec2:eu:(endpoint=ftp://x)'", 40, "write https://host:port/path"),
        ("'byon:(hosts=\"10.0.0.{1..9\")'", 34, "`{` is never closed"),
        ("'byon:(hosts=(a,b_c))'", 29, "`b_c` is not the address of a host"),
        ("byon", 13, "there are no hosts"),
        ("'byon:(hosts=(a,a))'", 29, "host `a:22` is also named at line 4, column 27"),
        ("'byon:(hosts=a,port=0)'", 33, "from 1 to 65535"),
        ("'byon:(hosts=a:99999)'", 26, "has a port that cannot be"),
        ("{byon: {hosts: [{address: 'a{1,2}', name: x}]}}", 55, "leave the name out"),
        ("{byon: {hosts: [{user: x}]}}", 29, "has no `address`"),
        ("{byon: {hosts: []}}", 28, "is empty; write at least one"),
        ("{byon: {hosts: [[a]]}}", 29, "a host cannot be a list"),
        ("{byon: {hosts: a, minRam: 1g}}", 31, "`minRam` is not a key of a byon location"),
        ("ssh:(a,b)", 13, "is one machine, and this names 2; write byon"),
        ("ssh://root@a", 13, "a location has no slashes; write ssh:user@host"),
        ("root@a:22", 13, "write ssh:user@host"),
        ("aws-ec2:eu-west-1", 13, "write `libcloud:aws-ec2:eu-west-1`"),
        ("byn:(hosts=a)", 13, "`byn` is not a kind of location; did you mean `byon`"),
        ("libclod:ec2:x", 13, "did you mean `libcloud`"),
        ("docker:yard", 13, "no hosts come from the docker cloud `yard`"),
        ("'docker:yard:sub'", 14, "names one docker cloud"),
        ("multi", 13, "multi has no targets"),
        ("[]", 13, "the list of locations is empty"),
        ("['', localhost]", 14, "a location is missing"),
        ("{ec2: {}, x: {}}", 13, "a map of one key"),
        ("{'libcloud:ec2:x': [a]}", 32, "write its options as a map"),
        ("A B", 13, "`A B` is not a location"),
        ("localhost:(hosts=a)", 13, "localhost is this machine alone"),
    ],
)
def test_wrong_locations(text: str, column: int, words: str) -> None:
    found = wrong(text)
    assert any(words in each for each in found), found
    assert any(re.search(rf":4:{column}: .*{re.escape(words)}", each) for each in found), (column, found)


def test_places_in_text_on_lines_of_its_own() -> None:
    block = """|
      multi:(targets=(
        localhost,
        libcloud:ec3:x,
        byon:(hosts=(a,{b))
      ))
"""
    assert any(":8:28: `)` where `}` was to come" in each for each in wrong(block)), wrong(block)
    found = wrong(block.replace("{b", "b_"))
    assert [each.partition(": ")[0] for each in found] == ["shop.yaml:7:20", "shop.yaml:8:26"], found
    folded = wrong("libcloud:ec2:x:(minRm=1,\n      minCores=x)")  # over two lines, so faults stand where the text begins
    assert {each.partition(": ")[0] for each in folded} == {"shop.yaml:4:13"}


_MANY = 250_000


@pytest.mark.parametrize(
    "text",
    [
        "'byon:(hosts=\"" + "a," * (_MANY // 2) + "\")'",
        "{byon: {hosts: '" + "aa," * (_MANY // 3) + "'}}",
        "{byon: {hosts: '" + "{a,b}" * (_MANY // 5) + "'}}",
        "'byon:(" + "(" * _MANY + "'",
        "'byon:(hosts=(" + "(a)," * (_MANY // 4) + "))'",
        "'byon:(hosts=" + '"a",' * (_MANY // 4) + ")'",
        "'multi:(targets=(" + "libcloud:ec3," * (_MANY // 13) + "))'",
        "'libcloud:ec2:x:(tags=(" + "a=b," * (_MANY // 4) + "))'",
        "'byon:(hosts=\"" + "a," * 500_000 + "\")'",
        "&a {byon: {hosts: '" + "a," * 5_000 + "'}}",
    ],
)
def test_long_texts_are_read_or_refused_soon(text: str) -> None:
    begin = time.process_time()
    with contextlib.suppress(BlueprintError):
        parse(
            f"services: [{{type: docker-cloud, name: a, location: [{text}, {', '.join(['*a'] * 5_000) if '&a' in text else 'localhost'}]}}]",
            "f.yaml",
            TYPES,
        )
    assert time.process_time() - begin < 5


def test_all_faults_at_once() -> None:
    found = wrong("""
    - libcloud:ec3:x
    - byon: {hosts: [a, a], prot: 22}
    - {'jclouds:aws-ec2:x': {minRam: lots, identity: me}}
    """)
    assert len(found) == 5, found


# --- secrets


KEYS = ["identity", "credential", "password", "privateKeyData", "jclouds.softlayer.credential", "Credential"]


@given(
    st.sampled_from(KEYS),
    st.text(alphabet="abcXYZ0189/+", min_size=12),
    st.sampled_from(["byon:(hosts=a", "libcloud:ec2:eu:(x=1", "ireland:(minRam=1g", "multi:(targets=a"]),
)
def test_a_secret_in_a_blueprint_is_refused_and_never_shown(key: str, secret: str, head: str) -> None:
    for text in (f"'{head},{key}={secret})'", f"'{head},{key}=\"{secret}\")'", f"{{'{head.partition(':(')[0]}': {{{key}: '{secret}'}}}}"):
        found = wrong(text)
        assert not any(secret in each for each in found), found
        assert any("is a secret, which does not belong in a blueprint" in each for each in found) or "multi" in head or "jclouds." in key


def test_a_fault_says_where_a_secret_belongs() -> None:
    (found,) = wrong("'libcloud:ec2:eu:(credential=abc)'")
    assert "set CLOCKER_LOCATION_EC2_CREDENTIAL for the daemon, or credential_file under [locations.ec2] in its clocker.toml" in found
    assert any("use privateKeyFile" in each for each in wrong("'ssh:root:hunter2@a'"))
    for text in (
        "'ssh:root:hunter2@a'",
        "'libcloud:ec2:eu:(endpoint=\"https://me:hunter2@x\")'",
        "'libcloud:ec2:eu:credential=hunter2'",
        "'credential=hunter2:x'",
        "'libcloud:ec2:eu:(x=1) credential=hunter2'",
    ):
        assert not any("hunter2" in each for each in wrong(text))


# --- of an application


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("yard", "yard"),
        ("docker:yard", "yard"),
        ("[docker:yard]", "yard"),
        ("{docker: yard}", "yard"),
        ("localhost", "local"),
        ("Yard.2", "Yard.2"),
        ("docker:yard:(name=x)", "yard"),
        ("[yard, 'docker:other']", "yard"),
    ],
)
def test_where_an_application_runs(text: str, name: str) -> None:
    assert application(f"location: {text}\nservices: ['docker:web']").location == name


def test_an_application_needs_a_docker_cloud() -> None:
    found = fault("locations: ['jclouds:softlayer:ams01']\nservices: ['docker:web']")
    assert found.startswith("shop.yaml:1:13: an application runs in one docker cloud")
    assert "{type: docker-cloud, name: hosts, location: ['jclouds:softlayer:ams01'], initialSize: 2}" in found
    assert "name docker clouds alone" in fault("location: 'multi:(targets=(a,docker:b))'\nservices: ['docker:web']")
    assert "`ec3` is not a cloud" in faults("location: libcloud:ec3:x\nservices: ['docker:web']")[0]


def test_what_that_fault_says_is_right() -> None:
    text = "location: hosts\nservices: ['docker:web', {type: docker-cloud, name: hosts, location: ['jclouds:aws-ec2:eu-west-1'], initialSize: 2}]"
    assert application(text).location == "hosts"


def test_records_of_before_are_read() -> None:
    before = b'{"name":"yard","hosts":[],"strategies":[],"ports":[20000,29999]}'
    assert msgspec.json.decode(before, type=PoolSpec) == PoolSpec("yard", ())


# --- any text


_LINE = re.compile(r"f\.yaml:[1-9][0-9]*:[1-9][0-9]*: \S.*;.*")
_WORDS = (
    "byon host ssh multi libcloud jclouds docker named simulated localhost ec2 aws-ec2 eu : :( ( ) [ ] { } , = \" ' \\ @ .. {1..3} {a,b} // hosts= targets= "
    "minRam= 8g user= name= labels= tags= a=b region= endpoint= http://x inboundPorts= 22 root@a:22 hosts:"
)
_PARTS = st.sampled_from(_WORDS.split(" ")) | st.text(max_size=3)


@given(st.lists(_PARTS, max_size=14).map("".join), st.booleans())
@settings(deadline=2000, max_examples=400)
def test_any_text_is_a_location_or_has_faults_with_their_places(text: str, as_option: bool) -> None:
    written = "".join(character for character in text if character.isprintable()).replace("'", "''")
    location = f"{{byon: {{hosts: '{written}'}}}}" if as_option else f"'{written}'"
    try:
        parse(f"services: [{{type: docker-cloud, name: a, location: {location}}}]", "f.yaml", TYPES)
    except BlueprintError as error:
        assert error.faults
        for line in error.faults:
            assert _LINE.fullmatch(line), line
            assert line.isprintable(), line


def test_first_keys_are_believed_where_that_is_written_and_no_file_is_named() -> None:
    text = """services:
- type: docker-cloud
  name: yard
  initialSize: 1
  location:
    byon: {hosts: [10.0.0.1, {address: 10.0.0.2, knownHosts: /known}], trustFirst: true}
"""
    location = parse(text, "a.yaml", TYPES).blueprint.pools[0].location
    assert location is not None and [each.trust_first for each in location.machines] == [True, False]
