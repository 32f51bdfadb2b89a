"""Runs LocalEmu with functions as processes instead of containers; started in its environment.

Each environment of a function is AWS's own runtime interface under bubblewrap: own processes, own
loopback, its code read-only. A relay of two sockets is all that leads out of it.
"""

import contextlib
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
from support.localemu_server.relay import listen_tcp, listen_unix, serve

_INVOCATION = "localemu.services.lambda_.invocation"


def _localemu(name: str) -> Any:
    """Return a module of LocalEmu, which is installed where this runs and has no types."""
    return importlib.import_module(name)


config = _localemu("localemu.config")
get_runtime_client_path = _localemu("localemu.services.lambda_.packages").get_runtime_client_path

_HERE = Path(__file__).parent
_BOOTSTRAP = '#!/bin/sh\nexec "$SANDERLING_PYTHON" -m awslambdaric "$_HANDLER"\n'


class ProcessExecutor:
    """One environment of a function, with the methods that LocalEmu asks of one."""

    def __init__(self, id: str, function_version: Any) -> None:  # noqa: A002 - LocalEmu's name.
        """Start nothing yet."""
        self.id = id
        self.function_version = function_version
        self.endpoint: Any = _localemu(f"{_INVOCATION}.executor_endpoint").ExecutorEndpoint(id)
        self._folder = Path(tempfile.mkdtemp(prefix="environment-"))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, env_vars: dict[str, str]) -> None:
        """Start it and wait until its runtime is ready."""
        self.endpoint.start()
        try:
            self._start(env_vars)
        except BaseException:
            self.stop()
            raise

    def _start(self, env_vars: dict[str, str]) -> None:
        runtime = self._folder / "runtime"
        runtime.mkdir()
        bootstrap = runtime / "bootstrap"
        bootstrap.write_text(_BOOTSTRAP)
        bootstrap.chmod(0o755)
        relay = self._folder / "relay"
        relay.mkdir()
        gateway = ("127.0.0.1", config.GATEWAY_LISTEN[0].port)
        serve(listen_unix(relay / "out"), gateway)
        into = listen_tcp(0)
        serve(into, relay / "in")
        self.endpoint.container_address = "127.0.0.1"
        self.endpoint.container_port = into.getsockname()[1]
        given = {name: str(value) for name, value in env_vars.items()}
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._words(runtime, relay),
                env={
                    "PATH": "/usr/bin:/bin",
                    "HOME": "/tmp",  # noqa: S108 - its own.
                    "SANDERLING_PYTHON": sys.executable,
                    **given,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        threading.Thread(target=self._watch, args=(self._process,), daemon=True).start()
        self.endpoint.wait_for_startup()

    def _words(self, runtime: Path, relay: Path) -> list[str]:
        code: Path = self.function_version.config.code.get_unzipped_code_location()
        init = Path(get_runtime_client_path(arch=os.uname().machine)) / "var/rapid/init"
        kept = {sys.prefix, sys.base_prefix, str(_HERE.parent)}
        return [
            *("bwrap", "--die-with-parent", "--unshare-pid", "--unshare-net", "--unshare-ipc"),
            *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
            *("--tmpfs", "/tmp", "--tmpfs", "/var"),  # noqa: S108 - its own.
            *(word for path in sorted(kept) for word in ("--ro-bind", path, path)),
            *("--ro-bind", str(code), "/var/task", "--ro-bind", str(runtime), "/var/runtime"),
            *("--ro-bind", str(init), "/var/rapid/init", "--bind", str(relay), "/var/relay"),
            *("--chdir", "/var/task", sys.executable, str(_HERE / "relay.py")),
            *(str(config.GATEWAY_LISTEN[0].port), "/var/relay", "/var/rapid/init"),
        ]

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        """Tell a start that ended before it was ready; nobody else would."""
        process.wait()
        ready = self.endpoint.startup_future
        if ready is not None and not ready.done():
            ready.set_exception(RuntimeError(self.get_logs()[-2000:]))

    def stop(self) -> None:
        """End its processes and remove its folder."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        with contextlib.suppress(KeyError):
            self.endpoint.shutdown()
        shutil.rmtree(self._folder, ignore_errors=True)

    def get_address(self) -> str:
        """Return where it listens."""
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        """Return where LocalEmu is for it: the relay has the same port."""
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        """Return the URL that its runtime reports to."""
        port = config.GATEWAY_LISTEN[0].port
        return f"http://127.0.0.1:{port}{self.endpoint.get_endpoint_prefix()}"

    def invoke(self, payload: dict[str, str], function_timeout: int | None = None) -> object:
        """Run one event."""
        return self.endpoint.invoke(payload, function_timeout=function_timeout)

    def get_logs(self) -> str:
        """Return what it printed."""
        try:
            return (self._folder / "log").read_text(errors="replace")
        except OSError:
            return ""

    @classmethod
    def prepare_version(cls, function_version: Any) -> None:
        """Unpack the code."""
        get_runtime_client_path(arch=os.uname().machine)
        code = function_version.config.code
        if code:
            code.prepare_for_execution()

    @classmethod
    def validate_environment(cls) -> bool:
        """Claim that functions can run."""
        return True

    @classmethod
    def cleanup_version(cls, function_version: Any) -> None:
        """Leave nothing of it: there is nothing."""


def main() -> None:
    """Serve until the process is ended."""
    _localemu(f"{_INVOCATION}.runtime_executor").get_runtime_executor = lambda: ProcessExecutor
    # Whoever has taken the function by its name already is given ours as well.
    for name, module in list[tuple[str, Any]](sys.modules.items()):
        if name.startswith("localemu.") and hasattr(module, "get_runtime_executor"):
            module.get_runtime_executor = lambda: ProcessExecutor
    _localemu("localemu.runtime.main").main()


if __name__ == "__main__":
    main()
