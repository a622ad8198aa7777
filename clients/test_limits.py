"""Quotas and throttles of a file, as boto3 sees them, and the other answer to a poll in vain."""

import pytest
from driver import Domain, attributes, complete_workflow, fault, start_timer, unique
from server import Server

LIMITS = """
[quotas]
open_executions_max = 2

[requests]
ListDomains = { bucket = 2, refill_per_second = 1 }

[decisions]
StartTimer = { bucket = 1, refill_per_second = 1 }
"""


@pytest.fixture
def limited(tmp_path):
    file = tmp_path / "limits.toml"
    file.write_text(LIMITS)
    flags = ["--limits", str(file), "--empty-poll-token", "empty", "--poll-hold-seconds", "1"]
    server = Server(tmp_path / "data", *flags).start()
    yield Domain.create(server, "us-east-1")
    assert server.terminate() == 0


def test_a_request_beyond_the_rate_is_throttled(limited):
    calls = 0
    while True:
        try:
            limited.client.list_domains(registrationStatus="REGISTERED")
        except limited.client.exceptions.ClientError as refused:
            error = refused.response["Error"]
            assert (error["Code"], error["Message"]) == ("ThrottlingException", "Rate exceeded")
            break
        calls += 1
    assert calls >= 2, "the bucket holds two"


def test_a_domain_is_full_until_an_execution_closes(limited):
    limited.start()
    limited.start()
    full = ("LimitExceededFault", "Limit of 2 open executions reached")
    third = {"domain": limited.name, "workflowId": unique("workflow")}
    third |= {"workflowType": {"name": "order", "version": "1"}}
    assert fault(limited.client.start_workflow_execution, **third) == full
    limited.decide(complete_workflow())
    limited.start()


def test_a_decision_beyond_the_rate_is_an_event(limited):
    run = limited.start()
    limited.decide(start_timer("a", "900"), start_timer("b", "900"))
    started, failed = limited.history(run)[4:6]
    assert attributes(started)["timerId"] == "a"
    assert attributes(failed)["timerId"] == "b"
    assert attributes(failed)["cause"] == "TIMER_CREATION_RATE_EXCEEDED"


def test_a_poll_in_vain_has_an_empty_token(limited):
    polled = limited.client.poll_for_activity_task(
        domain=limited.name, taskList={"name": "nobody's"}
    )
    assert (polled["taskToken"], polled["startedEventId"]) == ("", 0)
