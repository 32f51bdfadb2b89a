"""An example runs from the command line, without any server."""

import json
import subprocess
import sys

import pytest

from support.examples import EXAMPLES_FOLDER, Example, canonical


@pytest.mark.slow
def test_the_command_line_runs_an_example_with_its_event() -> None:
    """`sanderling invoke FILE --event @FILE --json` prints outcome, result, logs and isolation."""
    example = Example("clean_contacts")
    program = [sys.executable, "-m", "sanderling.cli", "invoke"]

    done = subprocess.run(
        [*program, example.path.name, "--event", f"@{example.event_path.name}", "--json"],
        cwd=EXAMPLES_FOLDER,
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr.decode()
    outcome = json.loads(done.stdout)
    assert outcome["outcome"] == "ok"
    assert canonical(example.expected) == canonical(outcome["result"])
    assert outcome["logs"] == "2949 rows read, 1405 merged, 31 rejected\n"
    assert outcome["isolation"] == "call"
    assert outcome["memory_bytes"] > 0
