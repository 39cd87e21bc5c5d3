"""A Docker engine over HTTP that costs nothing to run a thousand containers on: the simulated engine behind a unix socket, as a process of its own.

Speaks the part of the API that our adapter uses, in the engine's JSON, so that the adapter, its decoding and the connection are real and only what is
behind them is not. `python -m tests.benchmarks.http_engine SOCKET` serves until its input ends, so that it never outlives whoever started it.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiohttp import web

from clocker_actors.drivers.simulated import SimulatedEngine
from clocker_actors.errors import ClockerError, ImageNotFound, NameConflict, NotFound
from clocker_actors.model.containers import ContainerRequest, EngineState, Observed
from clocker_actors.model.specs import ContainerSpec, ImageSpec

Json = dict[str, object]
TICK = 1.0
"""Seconds between an engine's own readings: one asked for is answered at the next."""


QUICKNESS = 0.05
"""Share of a real engine's latencies: a thousand starts are not what is measured here."""


class HttpEngine:
    """Requests in, JSON out; all state is the simulated engine's."""

    def __init__(self, engine: SimulatedEngine) -> None:
        self._engine = engine
        self._began = time.time()

    def app(self) -> web.Application:
        """The API, with and without a version in front."""
        app = web.Application(middlewares=[_refusals])
        routes: list[tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]] = [
            ("GET", "/_ping", self._ping),
            ("GET", "/version", self._version),
            ("GET", "/{v}/info", self._info),
            ("GET", "/{v}/events", self._events),
            ("GET", "/{v}/volumes", self._volumes),
            ("GET", "/{v}/images/json", self._images),
            ("GET", "/{v}/images/{name:.+}/json", self._image),
            ("GET", "/{v}/containers/json", self._list),
            ("POST", "/{v}/containers/create", self._create),
            ("GET", "/{v}/containers/{id}/json", self._inspect),
            ("GET", "/{v}/containers/{id}/stats", self._stats),
            ("POST", "/{v}/containers/{id}/start", self._start),
            ("POST", "/{v}/containers/{id}/stop", self._stop),
            ("POST", "/{v}/containers/{id}/kill", self._kill),
            ("DELETE", "/{v}/containers/{id}", self._remove),
        ]
        app.add_routes([web.route(method, path, handler) for method, path, handler in routes])
        return app

    async def _ping(self, request: web.Request) -> web.StreamResponse:
        await self._engine.ping()
        return web.Response(text="OK")

    async def _version(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12"})

    async def _info(self, request: web.Request) -> web.StreamResponse:
        info = await self._engine.info()
        known = {"ID": info.id, "Name": info.name, "ServerVersion": info.version, "NCPU": info.cores, "MemTotal": info.memory}
        return web.json_response({**known, "Containers": info.containers})

    async def _volumes(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"Volumes": [{"Name": name} for name in await self._engine.volumes({})]})

    async def _images(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([{"Id": image.id, "RepoTags": [*image.names]} for image in await self._engine.images({})])

    async def _image(self, request: web.Request) -> web.StreamResponse:
        found = await self._engine.image(request.match_info["name"])
        if found is None:
            return _refuse(404, f"No such image: {request.match_info['name']}")
        return web.json_response({"Id": found.id, "Config": {}})

    async def _list(self, request: web.Request) -> web.StreamResponse:
        wanted = json.loads(request.query.get("filters", "{}")).get("label", [])
        labels = dict(pair.partition("=")[::2] for pair in wanted)
        return web.json_response([_listed(seen) for seen in await self._engine.list(labels)])

    async def _create(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        spec = ContainerSpec(ImageSpec(body["Image"]))
        bindings = body["HostConfig"].get("PortBindings") or {}
        ports = {port: int(given[0]["HostPort"] or 0) for port, given in bindings.items()}
        made = await self._engine.create(ContainerRequest(request.query["name"], body["Image"], spec, body["Labels"], ports))
        return web.json_response({"Id": made, "Warnings": []}, status=201)

    async def _inspect(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(_inspected(await self._engine.inspect(request.match_info["id"])))

    async def _start(self, request: web.Request) -> web.StreamResponse:
        await self._engine.start(request.match_info["id"])
        return web.Response(status=204)

    async def _stop(self, request: web.Request) -> web.StreamResponse:
        await self._engine.stop(request.match_info["id"], float(request.query.get("t", "10")))
        return web.Response(status=204)

    async def _kill(self, request: web.Request) -> web.StreamResponse:
        await self._engine.kill(request.match_info["id"])
        return web.Response(status=204)

    async def _remove(self, request: web.Request) -> web.StreamResponse:
        await self._engine.remove(request.match_info["id"])
        return web.Response(status=204)

    async def _stats(self, request: web.Request) -> web.StreamResponse:
        """One reading, at the engine's next tick; each works a tenth of a core."""
        seen = await self._engine.inspect(request.match_info["id"])
        await asyncio.sleep(TICK - time.time() % TICK)
        if seen.state is not EngineState.RUNNING:
            return web.json_response({"read": "0001-01-01T00:00:00Z"})
        return web.json_response(_sample(time.time(), time.time() - self._began))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        async for event in self._engine.events(""):
            if event.id:
                attributes = {
                    "name": event.name,
                    **event.labels,
                    **({"exitCode": str(event.exit_code)} if event.exit_code is not None else {}),
                }
                line = {"Type": "container", "Action": event.action, "Actor": {"ID": event.id, "Attributes": attributes}}
                await answer.write(json.dumps({**line, "timeNano": int(event.at * 1e9)}).encode() + b"\n")
        return answer


@web.middleware
async def _refusals(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    try:
        return await handler(request)
    except ClockerError as error:
        statuses = ((ImageNotFound, 404), (NotFound, 404), (NameConflict, 409))
        return _refuse(next((status for kind, status in statuses if isinstance(error, kind)), 500), str(error))


def _refuse(status: int, words: str) -> web.StreamResponse:
    return web.json_response({"message": words}, status=status)


def _listed(seen: Observed) -> Json:
    ports = [{"PrivatePort": int(port.partition("/")[0]), "PublicPort": public, "Type": "tcp"} for port, public in seen.ports.items()]
    status = f"Exited ({seen.exit_code}) 1 second ago" if seen.state is EngineState.EXITED else "Up 1 second"
    return {
        "Id": seen.id,
        "Names": [f"/{seen.name}"],
        "Image": seen.image,
        "Labels": dict(seen.labels),
        "State": str(seen.state),
        "Status": status,
        "Ports": ports,
        "NetworkSettings": {"Networks": {"bridge": {"IPAddress": seen.address}}},
    }


def _inspected(seen: Observed) -> Json:
    started = datetime.fromtimestamp(seen.started_at, UTC).isoformat() if seen.started_at else "0001-01-01T00:00:00Z"
    bound = {port: [{"HostIp": "0.0.0.0", "HostPort": str(public)}] for port, public in seen.ports.items()}
    return {
        "Id": seen.id,
        "Name": f"/{seen.name}",
        "State": {"Status": str(seen.state), "ExitCode": seen.exit_code or 0, "StartedAt": started, "OOMKilled": seen.oom_killed},
        "Config": {"Image": seen.image, "Labels": dict(seen.labels), "Tty": False},
        "NetworkSettings": {"Ports": bound, "Networks": {"bridge": {"IPAddress": seen.address}}},
    }


def _sample(now: float, age: float) -> Json:
    """As long as a real one, so that reading it costs as much: engines send far more than is read."""
    used = int(age * 1e8)
    memory = {name: 4096 * place for place, name in enumerate(MEMORY_STATS)}
    return {
        "read": datetime.fromtimestamp(now, UTC).isoformat(),
        "preread": "0001-01-01T00:00:00Z",
        "pids_stats": {"current": 1},
        "blkio_stats": {
            f"io_{name}_recursive": [] for name in ("service_bytes", "serviced", "queue", "service_time", "wait_time", "merged")
        },
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": {
            "cpu_usage": {
                "total_usage": used,
                "percpu_usage": [used // 2] * 2,
                "usage_in_kernelmode": used // 4,
                "usage_in_usermode": used,
            },
            "system_cpu_usage": int(now * 1e7),
            "online_cpus": 2,
            "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
        },
        "precpu_stats": {"cpu_usage": {"total_usage": 0}, "throttling_data": {"periods": 0}},
        "memory_stats": {"usage": 30 << 20, "max_usage": 40 << 20, "limit": 8 << 30, "stats": memory},
        "networks": {"eth0": {f"{way}_{what}": 1000 for way in ("rx", "tx") for what in ("bytes", "packets", "errors", "dropped")}},
    }


MEMORY_STATS = (
    *("active_anon", "active_file", "cache", "dirty", "hierarchical_memory_limit", "inactive_anon", "inactive_file", "mapped_file"),
    *(
        "pgfault",
        "pgmajfault",
        "pgpgin",
        "pgpgout",
        "rss",
        "rss_huge",
        "total_active_anon",
        "total_active_file",
        "total_cache",
        "total_dirty",
    ),
    *("total_inactive_anon", "total_inactive_file", "total_mapped_file", "total_pgfault", "total_pgpgin", "total_rss", "total_unevictable"),
)


async def serve(socket: str) -> None:
    """Serve on a unix socket until our input ends; says `ready` when it may be used."""
    engine = SimulatedEngine("http", images=["clocker/web:1"], cores=64, memory=64 << 30)
    engine.slow(QUICKNESS)
    runner = web.AppRunner(HttpEngine(engine).app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, socket, backlog=1024).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
