// Answers that a program branches on: faults as classes, refused input, polls that waited in vain.

import assert from "node:assert/strict";
import test from "node:test";
import {
  DescribeWorkflowExecutionCommand,
  PollForActivityTaskCommand,
  PollForDecisionTaskCommand,
  StartWorkflowExecutionCommand,
  SWFServiceException,
  UnknownResourceFault,
  WorkflowExecutionAlreadyStartedFault,
} from "@aws-sdk/client-swf";
import { connect, Domain } from "./domain.js";
import { withServer } from "./server.js";

const GREETING = { name: "greeting", version: "1" };

const withGreetings = (body) =>
  withServer([], async (url) => body(await Domain.register(connect(url), "answers", { workflowTypes: [GREETING] })));

/** The error of a command, which must be one of the service, and come from the first attempt. */
async function fault(sent) {
  const error = await sent.then(() => assert.fail("the command was accepted"), (error) => error);
  assert(error instanceof SWFServiceException, error.stack);
  assert.equal(error.$fault, "client");
  assert.equal(error.$metadata.httpStatusCode, 400);
  assert.equal(error.$metadata.attempts, 1, "what no repetition can cure is not repeated");
  assert(error.$metadata.requestId);
  return error;
}

test("an execution that is not there is an UnknownResourceFault", () =>
  withGreetings(async (domain) => {
    const execution = { workflowId: "nobody", runId: "nothing" };
    const error = await fault(domain.send(DescribeWorkflowExecutionCommand, { execution }));
    assert(error instanceof UnknownResourceFault);
    assert.equal(error.name, "UnknownResourceFault");
    assert.equal(error.message, "Unknown execution: WorkflowExecution=[workflowId=nobody, runId=nothing]");
  }));

test("a second start is a WorkflowExecutionAlreadyStartedFault", () =>
  withGreetings(async (domain) => {
    await domain.start(GREETING, "ada");
    const error = await fault(domain.start(GREETING, "ada"));
    assert(error instanceof WorkflowExecutionAlreadyStartedFault);
    assert.equal(error.name, "WorkflowExecutionAlreadyStartedFault");
  }));

test("refused input is a ValidationException that says what is wrong", () =>
  withGreetings(async (domain) => {
    const error = await fault(domain.send(StartWorkflowExecutionCommand, { workflowId: "", workflowType: GREETING }));
    assert.equal(error.name, "ValidationException");
    assert.equal(
      error.message,
      "1 validation error detected: Value '' at 'workflowId' failed to satisfy constraint: " +
        "Member must have length greater than or equal to 1",
    );
  }));

test("a poll that waited in vain has no task", () =>
  withServer(["--poll-hold-seconds", "1"], async (url) => {
    const domain = await Domain.register(connect(url), "empty", {});
    const [decisions, activities] = await Promise.all(
      [PollForDecisionTaskCommand, PollForActivityTaskCommand].map((Command) =>
        domain.send(Command, { taskList: { name: "nothing" } }),
      ),
    );
    for (const answer of [decisions, activities]) {
      assert(!answer.taskToken);
      assert.equal(answer.startedEventId, 0);
      assert.equal(answer.$metadata.attempts, 1, "an empty poll is an answer, not a failure");
    }
    assert.equal(decisions.previousStartedEventId, 0);
    assert.equal(decisions.nextPageToken, undefined);
  }));
