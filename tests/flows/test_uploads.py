"""Are uploads there as long as something is built from them, and no longer?"""

import io
import os
import tarfile
import time
from pathlib import Path

import msgspec

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse, with_blobs
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import ROOT
from clocker_actors.store.blobs import PROMISE
from tests.flows.stories import new_world, well
from tests.flows.support import Driven, managed


def context() -> bytes:
    """A tar with a Dockerfile."""
    text, file = b"FROM busybox\n", io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    return file.getvalue()


async def deploy_built(driven: Driven) -> str:
    text = "name: shop\nlocation: local\nservices:\n- type: container\n  id: web\n  build: ctx\n"
    parsed = parse(text, "test.yaml", type_table())
    sha256 = await driven.manager.blobs.put(context())
    blueprint = with_blobs(parsed, {file.placeholder: sha256 for file in parsed.files})
    done = await driven.ended(await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(blueprint)))
    assert done.state is ActivityState.DONE, done.problem
    return sha256


async def test_an_upload_goes_with_its_application(tmp_path: Path) -> None:
    world = new_world()
    blobs = tmp_path / "s" / "blobs"
    async with managed(tmp_path / "s", world=world) as driven:
        sha256 = await deploy_built(driven)
    (blobs / ("0" * 64)).write_bytes(b"never deployed")
    os.utime(blobs / ("0" * 64), (0, time.time() - PROMISE))
    (blobs / ".upload-killed").write_bytes(b"half")
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 20)
        assert [path.name for path in blobs.iterdir()] == [sha256]
        await driven.ended(await driven.invoke("shop", "delete"))
        await driven.until(lambda: not list(blobs.iterdir()), 70)
        await well(driven, world)
