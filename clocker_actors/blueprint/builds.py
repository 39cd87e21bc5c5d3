"""Where a container's image comes from: a reference, or a Dockerfile in a folder next to the blueprint.

image: redis:7          build: web               build: {context: web, dockerfile: Dockerfile.dev, args: {VERSION: 2}}
                        dockerfile: web/Dockerfile                 build: {inline: "FROM redis:7\n…", files: {redis.conf: "…"}}
                        build: https://host/app.git#v1.2:docker/web      (a repository, branch and folder)
"""

from pathlib import PurePosixPath

from clocker_actors.blueprint.blobs import BELOW, is_repository
from clocker_actors.blueprint.coerce import pairs, text
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.images import parse_image
from clocker_actors.blueprint.nodes import Mark, Node, ScalarNode, quote
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import BUILD_KEYS
from clocker_actors.model.specs import BuildSpec, ImageSpec


def read_image(section: Section, shorthand: ScalarNode | None, context: Context) -> ImageSpec | None:
    """The image of a container's section; `shorthand` is that of a `docker:…` type. It must be said once; None after a fault."""
    given = [name for name in ("image", "build", "dockerfile") if section.node(name) is not None]
    if shorthand is not None and given:
        section.fault(
            given[0], f"{section.spelled(given[0])} says the image a second time, after `type`; use `type: container`, or remove it"
        )
    elif not given and shorthand is None:
        section.faults.add(section.mark, "no image; write `image: name:tag`, `dockerfile: path`, or `type: docker:name:tag`")
        return None
    elif len(given) > 1 and given != ["build", "dockerfile"]:
        section.fault(given[1], f"{section.spelled(given[0])} and {section.spelled(given[1])} both say the image; keep one of them")
    node = shorthand or section.node("image")
    return _referenced(node, section, context) if node else _built(section, context)


def _referenced(node: Node, section: Section, context: Context) -> ImageSpec | None:
    reference, tag = text(node, "`image`", context.faults), section.text("imageTag")
    if reference is None:
        return None
    parsed = parse_image(f"{reference}:{tag}" if tag else reference)
    if isinstance(parsed, str):
        context.faults.add(node.mark, parsed)
        return None
    return ImageSpec(str(parsed))


def _built(section: Section, context: Context) -> ImageSpec | None:
    build, dockerfile = section.node("build"), section.node("dockerfile")
    arguments: dict[str, str] = {}
    mark = section.mark_of("dockerfile" if build is None else "build")
    file = (text(dockerfile, "`dockerfile`", context.faults) if dockerfile else None) or "Dockerfile"
    if build is None:
        head, slash, tail = file.rpartition("/")
        folder, file = head + slash or ".", tail
    elif isinstance(build, ScalarNode):
        folder = text(build, "`build`", context.faults) or "."
    else:
        inner = Section.read(build, "`build`", BUILD_KEYS, context.faults)
        if inner.node("inline") is not None:
            return _inline(inner, context)
        folder, file, args = inner.text("context"), inner.text("dockerfile"), inner.node("args")
        arguments = pairs(args, "`args`", context.faults) if args else {}
        if dockerfile:
            section.fault("dockerfile", "`dockerfile` stands beside `build`; move it into `build`")
    return _spec(folder, file, arguments, mark, context, repository=build is not None and is_repository(folder))


def _inline(section: Section, context: Context) -> ImageSpec | None:
    """An image whose Dockerfile, and what it copies, stand in the blueprint or type itself; a folder or file next to the blueprint is `context/` in the build."""
    if "dockerfile" in section:
        section.fault("dockerfile", "`dockerfile` names a file, and `inline` is the Dockerfile itself; keep one of them")
    node, args, extra = section.node("inline"), section.node("args"), section.node("files")
    dockerfile = None if node is None else text(node, "`inline`", context.faults)
    files = pairs(extra, "`files` of `build`", context.faults) if extra else {}
    for name in files:
        if _local(name, section.mark_of("files"), context) != name or name.startswith("..") or name.partition("/")[0] == BELOW:
            section.fault("files", f"{quote(name)} is no path inside of the build context; write it from there, as etc/app.conf")
    if dockerfile is None or "Dockerfile" in files:
        if dockerfile is not None:
            section.fault("files", "`Dockerfile` is what `inline` is; remove it from `files`")
        return None
    arguments = pairs(args, "`args`", context.faults) if args else {}
    files["Dockerfile"] = dockerfile
    folder = section.text("context") if "context" in section else ""
    clean = _local(folder, section.mark_of("context"), context) if folder else ""
    if clean and clean.startswith(".."):
        section.fault("context", f"{quote(folder)} is above the blueprint; copy it next to that, and write its path from there")
    return ImageSpec(
        "", BuildSpec(context.file(clean, section.mark_of("context"), files) if clean else context.written(files), "Dockerfile", arguments)
    )


def _spec(folder: str, file: str, arguments: dict[str, str], mark: Mark, context: Context, *, repository: bool) -> ImageSpec | None:
    if mark.file and not repository:
        context.faults.add(
            mark, "a type has no folder next to it; write the Dockerfile as `build: {inline: …}`, and what it copies as `files`"
        )
        return None
    clean, inside = folder if repository else _local(folder, mark, context), _local(file, mark, context)
    if clean is None or inside is None:
        return None
    if inside in {".", ".."} or inside.startswith("../"):
        context.faults.add(mark, f"{quote(file)} is not a file inside its build context; write its path from the context's folder")
        return None
    return ImageSpec("", BuildSpec(context.file(clean, mark), inside, arguments))


def _local(path: str, mark: Mark, context: Context) -> str | None:
    """A path next to the blueprint, written one way only; addresses and paths from the root are refused."""
    if "://" in path or path.startswith(("/", "~")) or "\\" in path:
        context.faults.add(mark, f"{quote(path)} is not a path next to the blueprint; copy the files there and write the path from there")
        return None
    parts: list[str] = []
    for part in PurePosixPath(path).parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts) or "."
