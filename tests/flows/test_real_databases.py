"""On a real engine: do the databases that ship keep what is written, create it once, refuse strangers, and tell how they are; and do three tiers work?"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from clocker_actors.model.activities import ActivityState
from tests.bed.bed import Bed
from tests.bed.software import with_debian
from tests.contracts.engine.lab import until
from tests.flows.bedside import POOL, deleted, done, on_hosts
from tests.flows.serviceside import RUNS_WITHIN, all_sensors, deploy_example, deploy_text, effect, inside, killed, told
from tests.flows.support import Driven

pytestmark = pytest.mark.real

SECRET = "it's 50% \\safe"
GUESTS = ["anna", "bert", "carla", "dora"]


@pytest.fixture(scope="module")
def debian(bed3: Bed) -> Iterator[Bed]:
    """The bed with Debian's image on the host that these tests use."""
    with with_debian(bed3, bed3.hosts[:1]):
        yield bed3


@dataclass(frozen=True)
class Story:
    """One database: its example, the table that is created there and its rows, and how a client in the container logs in."""

    example: str
    path: str
    type_id: str
    rows: int
    insert: str
    count: str
    client: str
    refusal: str


POSTGRESQL = Story(
    "17-postgresql.yaml",
    "records/db",
    "postgresql",
    2,
    "insert into records (title) values ('Moanin')",
    "select count(*) from records",
    'PGPASSWORD="$PASSWORD" psql -h 127.0.0.1 -U shop -XAt -c "select count(*) from records" shop',
    "password authentication failed",
)
MARIADB = Story(
    "18-mariadb.yaml",
    "visitors/db",
    "mariadb",
    1,
    "insert into messages (name, message) values ('Walt Whitman', 'I too')",
    "select count(*) from messages",
    'MYSQL_PWD="$PASSWORD" mariadb -h 127.0.0.1 -u app -NB -e "select count(*) from messages" visitors',
    "Access denied",
)


async def count(driven: Driven, story: Story) -> int:
    """How many rows there are."""
    output = await effect(driven, story.path, "executeScript", commands=story.count)
    return int(next(line for line in output.splitlines() if line.isdigit()))


@pytest.mark.parametrize("story", [POSTGRESQL, MARIADB], ids=lambda story: story.type_id)
async def test_a_database_keeps_what_is_written(debian: Bed, tmp_path: Path, story: Story) -> None:
    application = story.path.partition("/")[0]
    secret = {f"CLOCKER_EXTERNAL_{application.upper()}_PASSWORD": SECRET}
    async with on_hosts(debian.hosts[:1], tmp_path, story.type_id, environ=secret) as driven:
        await deploy_example(driven, story.example)
        assert await count(driven, story) == story.rows  # the script has run
        await effect(driven, story.path, "executeScript", commands=story.insert)
        await done(driven, await driven.invoke(story.path, "restart"))
        assert await count(driven, story) == story.rows + 1  # and does not run again
        await killed(driven, debian.hosts[0], story.path)
        assert await count(driven, story) == story.rows + 1

        own = story.client.replace("$PASSWORD", f"${'POSTGRES' if story is POSTGRESQL else 'MARIADB'}_PASSWORD")
        assert await inside(driven, story.path, own) == (0, f"{story.rows + 1}\n")
        code, output = await inside(driven, story.path, f"PASSWORD=wrong; {story.client}")
        assert code != 0 and story.refusal in output

        assert "dumps/monday.sql" in await effect(driven, story.path, "dump", name="monday")
        await effect(driven, story.path, "executeScript", commands=story.count.replace("select count(*)", "delete"))
        assert await count(driven, story) == 0
        await effect(driven, story.path, "restore", name="monday")
        assert await count(driven, story) == story.rows + 1
        failed = await driven.ended(await driven.invoke(story.path, "executeScript", commands="select nonsense"))
        assert failed.state is ActivityState.FAILED and "nonsense" in str(failed.problem)

        values = await all_sensors(driven, story.path, story.type_id)
        assert str(values["datastore.url"]).endswith(
            f"://{driven.value(story.path, 'mapped.port.5432' if story is POSTGRESQL else 'mapped.port.3306')}/"
        )
        assert told(driven, tmp_path, SECRET) == []

        broken = f"name: broken\nlocation: {POOL}\nservices:\n- {{type: {story.type_id}, id: db, password: x, creationScriptContents: create nonsense}}\n"
        refused = await deploy_text(driven, broken, RUNS_WITHIN)
        assert refused.state is ActivityState.FAILED and "nonsense" in str(refused.problem)
        await deleted(driven, application, "broken")


async def test_three_tiers_work_together(debian: Bed, tmp_path: Path) -> None:
    async with on_hosts(debian.hosts[:1], tmp_path, "tiers", environ={"CLOCKER_EXTERNAL_GUESTBOOK_PASSWORD": SECRET}) as driven:
        await deploy_example(driven, "19-three-tier.yaml")
        url = f"http://{driven.value('guestbook/front', 'mapped.port.80')}/"
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            await driven.until(lambda: driven.value("guestbook/front", "haproxy.servers.up") == 2, RUNS_WITHIN, "both servers")
            for guest in GUESTS:
                answer = await client.post(url, content=guest)
                assert answer.status_code == 200, answer.text
            answers = [(await client.get(url)).json() for _ in range(4)]
            assert len({answer["server"] for answer in answers}) == 2
            assert all(answer["guests"] == GUESTS for answer in answers)
            _, inherited = await inside(driven, "guestbook/web/1", 'printf %s "$PGPASSWORD"')
            assert inherited == SECRET  # from the database's own configuration
            await killed(driven, debian.hosts[0], "guestbook/db")

            async def read_again() -> bool:
                answer = await client.get(url)  # of the same servers: where the database is has not changed
                return answer.status_code == 200 and answer.json()["guests"] == GUESTS

            await until(read_again, RUNS_WITHIN)
            assert [driven.model.entry(f"guestbook/web/{n}").facts["generation"] for n in (1, 2)] == [1, 1]
        assert told(driven, tmp_path, SECRET) == []
        await deleted(driven, "guestbook")
