"""Asks for secrets where they are: files and variables at once, commands as processes of their own, Vault by its HTTP API. Each time anew, nothing is kept.

A value goes to whoever asked and to nobody else; it is masked from then on wherever it turns up. Faults say who did not give it and why, in our words and
Vault's, never in those of a command, which may be about the value.
"""

import asyncio
import json
import os
import signal
import ssl
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote

import aiohttp

from clocker_actors.credentials import MOST_BYTES, Source, content_of
from clocker_actors.errors import SecretUnavailable, SettingsError
from clocker_actors.externals import Externals
from clocker_actors.masking import masked_text, remember
from clocker_actors.supply import KEY, Command, Vault

AT_ONCE = 8
TRIES = 3
PAUSE = 1.0
_MORE = 4 * MOST_BYTES
"""Bytes of an answer of Vault, which has more than the value."""


class Suppliers:
    """All externals of the settings. At most AT_ONCE commands run and questions are open."""

    def __init__(self, externals: Externals) -> None:
        self._externals = externals
        self._free = asyncio.Semaphore(AT_ONCE)

    async def open(self, provider: str, key: str) -> str:
        """The value. Raises SettingsError for what nobody gave or cannot be, SecretUnavailable for who does not answer."""
        source = self._externals.source(provider, key)
        if isinstance(source, Source):
            return source.value.reveal() if source.value else content_of(source)
        if not KEY.fullmatch(key.replace("#", "/")) or ".." in key:
            raise SettingsError(f"{source.where}: {key[:80]!r} cannot be a key there; write letters, digits and . _ - / alone")
        async with self._free:
            value = await (run(source, provider, key) if isinstance(source, Command) else ask(source, key))
        remember(value)
        return value


async def run(command: Command, provider: str, key: str) -> str:
    """What the command writes, its last line end taken off."""
    words = ("/bin/sh", "-c", command.words[0], "sh", key) if command.shell else tuple(word.replace("{key}", key) for word in command.words)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLOCKER_")}
    environment |= {"CLOCKER_PROVIDER": provider, "CLOCKER_KEY": key}
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise SettingsError(f"{command.where}: {words[0]} cannot be run ({error.strerror}); write the path of a program") from None
    try:
        async with asyncio.timeout(command.limit):
            content = await _limited(process, command)
            code = await process.wait()
    except TimeoutError:
        raise SecretUnavailable(
            f"{command.where}: did not end within {command.limit:g} s; make it quicker, or raise `timeout`", provider=provider, key=key
        ) from None
    finally:
        await _end(process)
    if code:
        raise SecretUnavailable(
            f"{command.where}: ended with {code} for {key}; run it by hand as the daemon's user", provider=provider, key=key
        )
    return _text(content, command.where)


async def _limited(process: asyncio.subprocess.Process, command: Command) -> bytes:
    assert process.stdout is not None
    content = bytearray()
    while piece := await process.stdout.read(MOST_BYTES):
        content += piece
        if len(content) > MOST_BYTES:
            raise SettingsError(f"{command.where}: wrote more than {MOST_BYTES >> 10} KiB; have it write the secret alone")
    return bytes(content)


async def _end(process: asyncio.subprocess.Process) -> None:
    """It and all it has begun."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _text(content: bytes, where: str) -> str:
    try:
        text = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise SettingsError(f"{where}: gave nothing, or no text; have it write the secret alone")
    return text


async def ask(vault: Vault, key: str) -> str:
    """The field of a secret in Vault. One that does not answer, or is sealed, is asked again some times."""
    for left in reversed(range(TRIES)):
        try:
            return await _asked(vault, key)
        except SecretUnavailable:
            if not left:
                raise
            await asyncio.sleep(PAUSE)
    raise AssertionError


async def _asked(vault: Vault, key: str) -> str:
    below, _, name = key.rpartition("#")
    path = "/".join(part for part in (vault.path, below) if part)
    if not path:
        raise SettingsError(f"{vault.where}: which secret has {key}? Write path there, or path/of/the/secret#field as the key")
    between = "data/" if vault.version == 2 else ""
    url = f"{vault.url}/v1/{quote(vault.mount)}/{between}{quote(path)}"
    token = vault.token.value.reveal() if vault.token.value else content_of(vault.token)
    headers = {"X-Vault-Token": token, "X-Vault-Request": "true"} | ({"X-Vault-Namespace": vault.namespace} if vault.namespace else {})
    status, answer = await _get(vault, url, headers)
    data = answer.get("data")
    if vault.version == 2 and isinstance(data, Mapping):
        data = data.get("data")
    if status != 200 or not isinstance(data, Mapping):
        raise _refused(vault, path, status, answer)
    value = data.get(name)
    if value is None or value == "":
        raise SettingsError(f"{vault.where}: secret {path} has no field {name}; write one that it has")
    return value if isinstance(value, str) else json.dumps(value)


async def _get(vault: Vault, url: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
    try:
        context = ssl.create_default_context(cafile=str(vault.ca) if vault.ca else None)
    except OSError as error:
        raise SettingsError(f"{vault.where}: ca {vault.ca} cannot be read ({error.strerror}); write a file of certificates") from None
    limit = aiohttp.ClientTimeout(total=vault.limit)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit, trust_env=False) as session,
            session.get(url, headers=headers, ssl=context, allow_redirects=False) as response,
        ):
            content = await response.content.read(_MORE)
            found = json.loads(content) if content else {}
            return response.status, found if isinstance(found, dict) else {}
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        words = masked_text(str(error))[:200] or f"no answer within {vault.limit:g} s"
        raise SecretUnavailable(f"{vault.where}: {vault.url} does not answer: {words}") from None
    except ValueError:
        raise SettingsError(f"{vault.where}: {vault.url} does not answer as Vault does; write the address of one") from None


def _refused(vault: Vault, path: str, status: int, answer: Mapping[str, object]) -> SettingsError | SecretUnavailable:
    said = answer.get("errors")
    words = masked_text("; ".join(map(str, said)))[:200] if isinstance(said, list) and said else f"status {status}"
    if status >= 500 or status == 429:
        return SecretUnavailable(f"{vault.where}: {vault.url} cannot give secrets now ({words}); look whether it is sealed")
    if status == 403:
        return SettingsError(
            f"{vault.where}: Vault does not let our token read {path} ({words}); give it a policy for that, or a new token"
        )
    if status == 404:
        return SettingsError(
            f"{vault.where}: Vault has no secret {path} in {vault.mount} (KV version {vault.version}), or it was deleted; write another path"
        )
    return SettingsError(f"{vault.where}: Vault refuses {path}: {words}; look at mount and version there")
