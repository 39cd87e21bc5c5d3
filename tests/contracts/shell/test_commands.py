"""What every shell must do: whoever implements `ports.shell.Shell` passes this."""

import asyncio

import pytest

from clocker_actors.errors import TimedOut
from clocker_actors.ports.shell import Ran
from tests.contracts.shell.conftest import ShellLab


async def test_output_and_end_of_a_command(lab: ShellLab) -> None:
    assert await lab.shell.run("echo well done", 10) == Ran(0, "well done\n", "")


async def test_a_command_that_fails_is_a_value(lab: ShellLab) -> None:
    assert await lab.shell.run("echo said; echo why >&2; exit 3; echo never", 10) == Ran(3, "said\n", "why\n")
    assert not (await lab.shell.run("nothing-of-that-name", 10)).ok


async def test_one_is_root(lab: ShellLab) -> None:
    assert (await lab.shell.run("id -u", 10)).output == "0\n"


async def test_what_is_sent_in_is_read(lab: ShellLab) -> None:
    assert (await lab.shell.run("cat", 10, b"one\ntwo")).output == "one\ntwo"
    assert (await lab.shell.run("true", 10, b"x" * 300_000)).ok


async def test_of_a_long_output_the_end_is_kept(lab: ShellLab) -> None:
    ran = await lab.shell.run("cat", 10, b"a" * 300_000 + b"the end")
    assert len(ran.output) == 64 * 1024
    assert ran.output.endswith("the end")


async def test_no_wait_is_without_end(lab: ShellLab) -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimedOut, match=r"sleep 30.* has no end after 0\.3 s"):
        await lab.shell.run("sleep 30", 0.3)
    assert asyncio.get_running_loop().time() - began < 5
    assert (await lab.shell.run("echo on", 10)).output == "on\n"


async def test_files_are_written_whole_with_their_mode(lab: ShellLab) -> None:
    path = f"{lab.folder}/deep/it's"
    for content, mode in ((b"one\n", 0o644), (b"\x00\xfftwo", 0o600), (b"", 0o640)):
        await lab.shell.put(path, content, mode)
        quoted = f'"{path}"'
        assert (await lab.shell.run(f"cat {quoted}", 10)).output == content.decode(errors="replace")
        assert (await lab.shell.run(f"stat -c %a {quoted}", 10)).output == f"{mode:o}\n"


async def test_several_at_once(lab: ShellLab) -> None:
    ran = await asyncio.gather(*(lab.shell.run(f"sleep 0.2; echo {n}", 10) for n in range(5)))
    assert [one.output for one in ran] == [f"{n}\n" for n in range(5)]
