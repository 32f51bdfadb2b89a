"""Builds the stages of a Dockerfile in folders, and runs programs in one as in a container.

No engine runs here. Each stage is a folder that programs are confined to with chroot, in a mount
namespace of their own. The base image is stood in for by the interpreter that runs the tests, and
by the system's own libraries and programs, shown read-only. What this does not prove: the real
base image and its digest, layers, and the container's own seccomp profile.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support.dockerfile import Stage, Step, read_dockerfile

_SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/bin", "/usr/sbin", "/etc/ssl", "/etc/alternatives")
_MERGED = ("lib", "lib64", "bin", "sbin")
_PLACE = re.compile(r"(?<![\w/])/[\w./-]+")
_REACHING = (
    "/etc/pip.conf",
    "/etc/xdg",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/usr/local/share",
    "/usr/share/ca-certificates",
)
"""What lets pip reach what it installs from; shown to build steps alone, where it is there."""

_PATH = "/usr/local/bin:/usr/bin:/bin"
_BUILD_S = 600.0

_CONFINE = """
set -eu
root=$1
shift
show() {
    [ -e "$1" ] || return 0
    if [ -d "$1" ]; then mkdir -p "$root$1"
    else mkdir -p "$(dirname "$root$1")"; [ -e "$root$1" ] || : > "$root$1"
    fi
    mount --bind "$1" "$root$1"
    mount -o remount,ro,bind "$root$1" 2>/dev/null || true
}
if [ "$SEALED" = yes ]; then
    mount --bind "$root" "$root"
    mount -o remount,ro,bind "$root"
    mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/tmp"
    mount -t tmpfs -o "size=64m,mode=0700,uid=$OWNER,gid=$OWNER" tmpfs "$root$HOME_FOLDER"
fi
for place in $SHOWN; do show "$place"; done
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
unset SEALED OWNER HOME_FOLDER SHOWN
exec chroot "$root" "$@"
"""


@dataclass(slots=True)
class Image:
    """A stage as it was built: its folder, and what the Dockerfile says about running it."""

    root: Path
    environment: dict[str, str]
    folder: str = "/"
    user: str = "0:0"
    home: str = "/tmp"  # noqa: S108 - a place within the image.

    def words(self, words: Sequence[str], **more: str) -> list[str]:
        """Return the command that runs `words` in it as its user, its root read-only.

        The user has no capability and can gain none, as the deployments of this project ask.
        """
        uid, _, gid = self.user.partition(":")
        inside = [
            *("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs"),
            *("--bounding-set=-all", "--inh-caps=-all"),
            *("env", "--ignore-environment", f"--chdir={self.folder}"),
            *(f"{name}={value}" for name, value in {**self.environment, **more}.items()),
        ]
        return _confined(self.root, [*inside, *words], sealed=(uid, self.home))


def _confined(
    root: Path,
    words: Sequence[str],
    *,
    shown: Sequence[str] = (),
    sealed: tuple[str, str] | None = None,
) -> list[str]:
    owner, home = sealed or ("0", "/")
    return [
        *("env", f"SEALED={'yes' if sealed else 'no'}", f"OWNER={owner}", f"HOME_FOLDER={home}"),
        f"SHOWN={' '.join((*_SYSTEM, *shown))}",
        *("unshare", "--mount", "sh", "-c", _CONFINE, "sh", str(root), *words),
    ]


class Builder:
    """Builds one Dockerfile, stage by stage, under `folder`, from the files of `context`."""

    def __init__(self, dockerfile: Path, context: Path, folder: Path) -> None:
        """Read the Dockerfile; nothing is built yet."""
        given = {"PYTHON_DIGEST": f"sha256:{'0' * 64}"}
        self.stages = read_dockerfile(dockerfile, given)
        self._context = context
        self._folder = folder
        self._built: dict[str, Image] = {}

    def build(self) -> Image:
        """Build every stage and return the last."""
        for stage in self.stages.values():
            self._built[stage.name] = self._build(stage)
        return self._built[next(reversed(self.stages))]

    def _build(self, stage: Stage) -> Image:
        root = self._folder / stage.name
        base = self._built.get(stage.base)
        if base is None:
            assert stage.base.startswith("python:"), stage.base
            _make_base(root)
            image = Image(root, {"PATH": _PATH})
        else:
            # Links: what a step replaces or removes here stays as it was there.
            subprocess.run(["/bin/cp", "-al", base.root, root], check=True)
            image = Image(root, dict(base.environment), base.folder, base.user, base.home)
        for step in stage.steps:
            self._do(step, image)
        return image

    def _do(self, step: Step, image: Image) -> None:
        match step.word:
            case "ENV":
                image.environment |= dict(word.split("=", 1) for word in step.words)
            case "WORKDIR":
                image.folder = step.words[0]
                (image.root / image.folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "USER":
                image.user = step.words[0]
            case "COPY":
                self._copy(step, image)
            case "RUN":
                self._run(step, image)
            case "LABEL" | "EXPOSE" | "STOPSIGNAL" | "HEALTHCHECK" | "ENTRYPOINT" | "CMD":
                pass
            case _:
                raise NotImplementedError(step.word)

    def _copy(self, step: Step, image: Image) -> None:
        *sources, target = step.words
        origin = self._built[step.options["from"]].root if "from" in step.options else self._context
        into = image.root / str(Path(image.folder) / target).lstrip("/")
        for source in sources:
            place = origin / source.lstrip("/")
            if place.is_dir():
                shutil.copytree(place, into, symlinks=True, dirs_exist_ok=True, ignore=_ignored)
            else:
                is_folder = target.endswith("/") or into.is_dir()
                landing = into / place.name if is_folder else into
                landing.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(place, landing)
        if "chmod" in step.options:
            into.chmod(int(step.options["chmod"], 8))
        if "chown" in step.options:
            uid, _, gid = step.options["chown"].partition(":")
            os.chown(into, int(uid), int(gid))
            image.home = f"/{into.relative_to(image.root)}"

    def _run(self, step: Step, image: Image) -> None:
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        words = [
            *("env", "--ignore-environment", f"--chdir={image.folder}"),
            *(f"{name}={value}" for name, value in {**pip, **image.environment}.items()),
            *step.words,
        ]
        shown = (*_REACHING, *_places_of_pip())
        done = subprocess.run(
            _confined(image.root, words, shown=shown),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_BUILD_S,
            check=False,
        )
        assert done.returncode == 0, (step, done.stdout[-2000:], done.stderr[-4000:])


def _places_of_pip() -> set[str]:
    """Return the files and folders that this machine tells pip to install from."""
    words = [sys.executable, "-m", "pip", "config", "list"]
    told = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
    return {place for place in _PLACE.findall(told.replace("file://", " ")) if Path(place).exists()}


def _ignored(_: str, names: Sequence[str]) -> set[str]:
    return {name for name in names if name == "__pycache__" or name.endswith(".pyc")}


def _make_base(root: Path) -> None:
    """Make a folder with the interpreter where the base image has it, and nothing beside it."""
    for name in ("dev", "proc", "etc", "usr", "var", "opt"):
        (root / name).mkdir(parents=True)
    (root / "tmp").mkdir(mode=0o1777)
    for name in _MERGED:
        (root / name).symlink_to(f"usr/{name}")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    library = Path(sys.base_prefix) / "lib" / f"python{version}"
    local = root / "usr" / "local"
    shutil.copytree(library, local / "lib" / library.name, symlinks=True, ignore=_packages)
    packages = local / "lib" / library.name / "site-packages"
    packages.mkdir(exist_ok=True)
    (local / "bin").mkdir()
    shutil.copy2(Path(sys.base_prefix) / "bin" / f"python{version}", local / "bin")
    for name in ("python", "python3"):
        (local / "bin" / name).symlink_to(f"python{version}")
    for shared in (Path(sys.base_prefix) / "lib").glob("libpython*.so*"):
        shutil.copy2(shared, local / "lib", follow_symlinks=False)
    (root / "etc" / "ld.so.conf").write_text("/usr/local/lib\n")
    subprocess.run(_confined(root, ["ldconfig"]), check=True, timeout=_BUILD_S)
    # The base image comes with pip, which the first steps use and the last stage removes.
    words = ["/usr/local/bin/python", "-m", "ensurepip"]
    subprocess.run(_confined(root, words), check=True, capture_output=True, timeout=_BUILD_S)


def _packages(_: str, names: Sequence[str]) -> set[str]:
    return {"site-packages", "test", "__pycache__"}.intersection(names)
