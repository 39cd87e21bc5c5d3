"""The sockets: who may open them, what is left behind, who else may be there."""

import asyncio
import os
import socket
import stat
from pathlib import Path

import httpx
import pytest

from clocker_actors.admin.door import bind_unix
from clocker_actors.errors import Conflict, SettingsError
from tests.admin.house import House, open_house

pytestmark = pytest.mark.real_loop


async def test_only_the_owner_may_open_the_socket(house: House) -> None:
    mode = house.socket.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


async def test_the_socket_is_removed_with_the_door(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert house.socket.exists()
    assert not house.socket.exists()


async def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "clocker.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    async with open_house(tmp_path) as house, house.client() as http:
        assert (await http.get("/healthz")).status_code == 200


async def test_a_second_daemon_is_refused_and_the_first_goes_on(house: House, http: httpx.AsyncClient) -> None:
    with pytest.raises(Conflict, match="another daemon answers"):
        await asyncio.to_thread(bind_unix, house.socket)
    assert (await http.get("/healthz")).status_code == 200


def test_a_file_that_is_no_socket_stays(tmp_path: Path) -> None:
    path = tmp_path / "clocker.sock"
    path.write_text("mine")
    with pytest.raises(SettingsError, match="no socket"):
        bind_unix(path)
    assert path.read_text() == "mine"


def test_the_umask_of_the_process_stays(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        bind_unix(tmp_path / "clocker.sock").close()
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


async def test_an_address_that_cannot_be_had_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"192\.0\.2\.1:80"):
        async with open_house(tmp_path, listen="192.0.2.1:80"):
            pass
    assert not (tmp_path / "clocker.sock").exists()
