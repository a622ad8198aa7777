"""The README's Python, run as it would be pasted."""

import os
import pathlib
import re
import subprocess
import sys

README = pathlib.Path(__file__).resolve().parent.parent / "README.md"
URL = "http://127.0.0.1:7933"
RUN_SECONDS_MAX = 60


def run(block: str, url: str) -> list[str]:
    """Runs a block in a process of its own, with the endpoint replaced, and returns its output."""
    assert URL in block, "the block names the endpoint"
    done = subprocess.run(
        [sys.executable, "-c", block.replace(URL, url)],
        env={**os.environ, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_python_in_the_readme_runs(open_server):
    workflow, client = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.M | re.S)
    for _ in range(2):  # The second time everything is registered already.
        assert run(workflow, open_server.url) == [
            "1 WorkflowExecutionStarted",
            "2 DecisionTaskScheduled",
            "3 DecisionTaskStarted",
            "4 DecisionTaskCompleted",
            "5 ActivityTaskScheduled",
            "6 ActivityTaskStarted",
            "7 ActivityTaskCompleted",
            "8 DecisionTaskScheduled",
            "9 DecisionTaskStarted",
            "10 DecisionTaskCompleted",
            "11 WorkflowExecutionCompleted",
            "Hello, Ada!",
        ]
    assert run(client, open_server.url) == []
