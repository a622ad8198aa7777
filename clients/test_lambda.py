"""Lambda tasks: functions that the server calls at an endpoint of the operator's choice."""

import json

import pytest
from driver import (
    Domain,
    attributes,
    check_history,
    check_one_instant,
    complete_workflow,
    decision,
    event_names,
    render,
    seconds_between,
    unique,
)
from functions import FunctionServer, Gate, Reply, threw
from server import Server

ROLE = "arn:aws:iam::000000000000:role/lambda"


@pytest.fixture(scope="module")
def functions():
    functions = FunctionServer()
    yield functions
    functions.close()


@pytest.fixture(scope="module")
def calling_server(tmp_path_factory, functions):
    """A server that calls functions."""
    directory = tmp_path_factory.mktemp("calling-data")
    server = Server(directory, "--lambda-endpoint", functions.url).start()
    yield server
    assert server.terminate() == 0


@pytest.fixture
def domain(calling_server, regions):
    return Domain.create(calling_server, regions.shared())


def schedule_lambda(id_: str, name: str, **arguments) -> dict:
    return decision("ScheduleLambdaFunction", id=id_, name=name, **arguments)


def new_function(functions: FunctionServer, function) -> str:
    name = unique("fn")
    functions.functions[name] = function
    return name


def outcome(domain: Domain, run: dict) -> dict:
    """The event that closed the only Lambda task, once the decider hears of it."""
    task = domain.poll_decision()
    closing = [event for event in task["events"] if event["eventType"].startswith("Lambda")][-1]
    assert closing["eventType"] != "LambdaFunctionStarted"
    domain.respond(task, complete_workflow())
    return closing


def test_a_function_returns(domain, functions):
    name = new_function(functions, lambda body: Reply(json.dumps({"got": json.loads(body)})))
    run = domain.start(lambdaRole=ROLE)
    domain.decide(schedule_lambda("f", name, input='{"n":1}', control="c"))
    task = domain.poll_decision()
    check_history(
        task["events"],
        """
        1 WorkflowExecutionStarted parentInitiated=0
        2 DecisionTaskScheduled
        3 DecisionTaskStarted scheduled=2
        4 DecisionTaskCompleted scheduled=2 started=3
        5 LambdaFunctionScheduled decisionTaskCompleted=4
        6 LambdaFunctionStarted scheduled=5
        7 LambdaFunctionCompleted scheduled=5 started=6
        8 DecisionTaskScheduled
        9 DecisionTaskStarted scheduled=8
        """,
    )
    check_one_instant(task["events"], (7, 8))
    scheduled = attributes(task["events"][4])
    assert scheduled == {
        "id": "f",
        "name": name,
        "control": "c",
        "input": '{"n":1}',
        "startToCloseTimeout": "900",
        "decisionTaskCompletedEventId": 4,
    }
    assert attributes(task["events"][6])["result"] == '{"got": {"n": 1}}'
    domain.respond(task, complete_workflow())
    assert functions.called(name) == ['{"n":1}']
    assert domain.describe(run)["openCounts"]["openLambdaFunctions"] == 0


def test_without_input_a_function_is_given_an_empty_object(domain, functions):
    name = new_function(functions, lambda body: Reply("null"))
    run = domain.start(lambdaRole=ROLE)
    domain.decide(schedule_lambda("f", name))
    assert attributes(outcome(domain, run))["result"] == "null"
    [(_, body, headers)] = [call for call in functions.calls if call[0] == name]
    assert body == "{}"
    assert headers["x-amz-invocation-type"] == "RequestResponse"


def test_a_function_that_raises_has_failed(domain, functions):
    payload = '{"errorMessage":"no","errorType":"ValueError","stackTrace":[]}'
    name = new_function(functions, lambda body: threw(payload))
    run = domain.start(lambdaRole=ROLE)
    domain.decide(schedule_lambda("f", name))
    event = outcome(domain, run)
    assert render(event) == "7 LambdaFunctionFailed scheduled=5 started=6"
    assert (attributes(event)["reason"], attributes(event)["details"]) == ("ValueError", payload)


def test_an_unknown_function_is_started_and_fails(domain):
    run = domain.start(lambdaRole=ROLE)
    domain.decide(schedule_lambda("f", "nobody"))
    event = outcome(domain, run)
    assert render(event) == "7 LambdaFunctionFailed scheduled=5 started=6"
    assert attributes(event)["reason"] == "ResourceNotFoundException"


def test_a_result_that_is_too_long_is_a_failure(domain, functions):
    sizes = {"fits": 32_768, "too-long": 32_769, "far-too-long": 1_000_000}
    for word, size in sizes.items():
        functions.functions[word] = lambda body, size=size: Reply("x" * size)
    events = {}
    for word in sizes:
        run = domain.start(lambdaRole=ROLE)
        domain.decide(schedule_lambda("f", word))
        events[word] = outcome(domain, run)
    assert len(attributes(events["fits"])["result"]) == 32_768
    for word in ("too-long", "far-too-long"):
        assert attributes(events[word])["reason"] == "Function.ResponseSizeTooLarge"


def test_a_function_takes_too_long(domain, functions):
    gate = Gate()

    def hesitate(body):
        gate.pass_through()
        return Reply("1")

    name = new_function(functions, hesitate)
    run = domain.start(lambdaRole=ROLE)
    domain.decide(schedule_lambda("f", name, startToCloseTimeout="1"))
    gate.await_begin()
    assert domain.describe(run)["openCounts"]["openLambdaFunctions"] == 1
    task = domain.poll_decision()
    check_history(
        task["events"],
        """
        ...
        6 LambdaFunctionStarted scheduled=5
        7 LambdaFunctionTimedOut scheduled=5 started=6 timeoutType=START_TO_CLOSE
        8 DecisionTaskScheduled
        9 DecisionTaskStarted scheduled=8
        """,
    )
    assert seconds_between(task["events"], 6, 7) >= 1
    gate.open()
    domain.respond(task, complete_workflow())
    assert functions.called(name) == ["{}"]


def test_a_function_outlives_its_execution(domain, functions):
    gate = Gate()

    def hesitate(body):
        gate.pass_through()
        return Reply("1")

    name = new_function(functions, hesitate)
    run = domain.start(lambdaRole=ROLE)
    domain.decide(schedule_lambda("f", name))
    gate.await_begin()
    domain.terminate(run)
    gate.open()
    assert event_names(domain.history(run))[-1] == "WorkflowExecutionTerminated"
    assert domain.describe(run)["openCounts"]["openLambdaFunctions"] == 1


def test_without_a_role_a_function_is_not_called(domain, functions):
    name = new_function(functions, lambda body: Reply("1"))
    domain.start()
    domain.decide(schedule_lambda("f", name))
    task = domain.poll_decision()
    check_history(
        task["events"],
        """
        ...
        5 LambdaFunctionScheduled decisionTaskCompleted=4
        6 StartLambdaFunctionFailed scheduled=5 cause=ASSUME_ROLE_FAILED
        7 DecisionTaskScheduled
        8 DecisionTaskStarted scheduled=7
        """,
    )
    message = "No IAM role is attached to the current workflow execution."
    assert attributes(task["events"][5])["message"] == message
    assert functions.called(name) == []


def test_without_an_endpoint_the_decision_is_refused(server, regions):
    domain = Domain.create(server, regions.shared())
    domain.start(lambdaRole=ROLE)
    domain.decide(schedule_lambda("f", "hello"))
    task = domain.poll_decision()
    check_history(
        task["events"],
        """
        ...
        5 ScheduleLambdaFunctionFailed decisionTaskCompleted=4 cause=LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION
        6 DecisionTaskScheduled
        7 DecisionTaskStarted scheduled=6
        """,
    )
    assert attributes(task["events"][4])["id"] == "f"
    assert attributes(task["events"][4])["name"] == "hello"


def test_more_functions_than_are_called_at_a_time(domain, functions):
    count = 400  # The server calls 256 at a time.
    name = new_function(functions, lambda body: Reply(body))
    run = domain.start(lambdaRole=ROLE)
    tasks = [schedule_lambda(str(n), name, input=str(n)) for n in range(count)]
    domain.decide(*tasks)
    domain.decide()
    while domain.describe(run)["openCounts"]["openLambdaFunctions"]:
        domain.decide()
    pages = domain.client.get_paginator("get_workflow_execution_history").paginate(
        domain=domain.name, execution=run
    )
    events = [event for page in pages for event in page["events"]]
    done = [event for event in events if event["eventType"] == "LambdaFunctionCompleted"]
    results = [attributes(event)["result"] for event in done]
    assert sorted(results, key=int) == [str(n) for n in range(count)]
    assert sorted(functions.called(name), key=int) == [str(n) for n in range(count)]


@pytest.mark.parametrize("stop", ["kill", "terminate"])
def test_what_a_stop_interrupts_times_out_and_is_not_called_again(
    tmp_path, regions, functions, stop
):
    server = Server(tmp_path / "data", "--lambda-endpoint", functions.url).start()
    domain = Domain.create(server, regions.shared())
    gate = Gate()

    def hesitate(body):
        gate.pass_through()
        return Reply("1")

    name = new_function(functions, hesitate)
    run = domain.start(lambdaRole=ROLE)
    domain.decide(schedule_lambda("f", name, startToCloseTimeout="2"))
    gate.await_begin()
    getattr(server, stop)()
    server.start()
    gate.open()
    domain = Domain(server, domain.region, domain.name)
    event = outcome(domain, run)
    expected = "7 LambdaFunctionTimedOut scheduled=5 started=6 timeoutType=START_TO_CLOSE"
    assert render(event) == expected
    assert functions.called(name) == ["{}"]
    server.kill()
