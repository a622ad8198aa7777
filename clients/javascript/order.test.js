// The order of `order.js` from its start to its end, with every turn taken when it is due.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import {
  paginateListClosedWorkflowExecutions,
  paginateListOpenWorkflowExecutions,
  RecordActivityTaskHeartbeatCommand,
  RespondActivityTaskCanceledCommand,
  SignalWorkflowExecutionCommand,
} from "@aws-sdk/client-swf";
import { all, attributes, connect, Domain, line } from "./domain.js";
import { decide, INSURANCE, INVOICE, ORDER, PARCEL, PRINT_LABEL, TRACKING } from "./order.js";
import { withServer } from "./server.js";

test("an order and the executions that it starts", () =>
  withServer([], async (url) => {
    const client = connect(url);
    const domain = await Domain.register(client, "shop", {
      workflowTypes: [ORDER, PARCEL, INVOICE, INSURANCE, TRACKING],
      activityTypes: [PRINT_LABEL],
    });
    const turn = (workflowType) => domain.decide(workflowType, decide);
    const before = new Date();
    const order = await domain.start(ORDER, "order-1", "two books");

    await turn(ORDER); // Starts the first of the four, and each of the others once the one before it has started.
    for (const _ of [PARCEL, INVOICE, INSURANCE, TRACKING]) await turn(ORDER);
    for (const child of [PARCEL, INSURANCE]) await turn(child); // They wait.
    await turn(INVOICE); // Fails.
    await turn(ORDER);
    await turn(TRACKING); // Goes on as a new run, of which the order hears nothing.
    await turn(TRACKING);

    const label = await domain.pollActivity(PRINT_LABEL);
    assert.equal(label.activityId, "label");
    assert.deepEqual(label.workflowExecution, order);
    const heartbeat = () => client.send(new RecordActivityTaskHeartbeatCommand({ taskToken: label.taskToken, details: "50 %" }));
    assert.equal((await heartbeat()).cancelRequested, false);

    assert.deepEqual(await open(domain, before), ["insurance", "order", "parcel", "tracking"]);
    await domain.send(SignalWorkflowExecutionCommand, { ...order, signalName: "address", input: "12 Quay Street" });
    await turn(ORDER); // Passes the address on to the parcel.
    await turn(ORDER); // Hears that it was.
    await turn(PARCEL); // Says that it is packed.
    await turn(ORDER); // Wants no label any more.
    await turn(PARCEL); // Completes.
    await turn(ORDER);

    assert.equal((await heartbeat()).cancelRequested, true);
    await client.send(new RespondActivityTaskCanceledCommand({ taskToken: label.taskToken, details: "half printed" }));
    await turn(ORDER); // Cancels one timer and starts another.
    await turn(ORDER); // The timer has fired; asks the insurance to cancel.
    await turn(ORDER); // Hears that it was asked.
    await turn(INSURANCE); // Cancels itself.
    await turn(ORDER); // Tells the tracking that the parcel has arrived.
    await turn(ORDER); // Hears that it was told.
    await turn(TRACKING); // Completes.
    const last = await turn(ORDER); // Completes too.

    const history = await domain.history(order);
    assert.deepEqual(history.map(line), ORDER_HISTORY);
    assert.deepEqual(history.slice(0, last.events.length), last.events, "a decider reads what everybody reads");
    checkTimes(history, before);
    checkAttributes(history, order, last);
    await checkChildren(domain, history, order);
    assert.deepEqual(await open(domain, before), []);
    assert.deepEqual(await closed(domain, before), [
      "insurance CANCELED",
      "invoice FAILED",
      "order COMPLETED",
      "parcel COMPLETED",
      "tracking COMPLETED",
      "tracking CONTINUED_AS_NEW",
    ]);
  }));

/** Written once for all clients: how an event reads must not depend on who reads it. */
const ORDER_HISTORY = readFileSync(new URL("../order-history.txt", import.meta.url), "utf8").trim().split("\n");

/** Times are dates, none is before the one above it, and all are of this run. */
function checkTimes(history, before) {
  const times = history.map((event) => event.eventTimestamp);
  for (const time of times) assert(time instanceof Date);
  assert.deepEqual(times, [...times].sort((one, other) => one - other));
  assert(times[0] >= before - 1 && times.at(-1) <= new Date());
}

/** What the events of the order's history say besides their ids. */
function checkAttributes(history, order, last) {
  const said = (eventType) => history.filter((event) => event.eventType === eventType).map(attributes);
  const [started] = said("WorkflowExecutionStarted");
  assert.equal(started.input, "two books");
  assert.deepEqual(started.workflowType, ORDER);
  assert.equal(started.parentWorkflowExecution, undefined);

  const [address, packed] = said("WorkflowExecutionSignaled");
  assert.equal(address.input, "12 Quay Street");
  assert.equal(address.externalWorkflowExecution, undefined, "a signal from outside has no execution behind it");
  assert.equal(packed.externalWorkflowExecution.workflowId, "order-1/parcel");

  const [failed] = said("ChildWorkflowExecutionFailed");
  assert.deepEqual([failed.reason, failed.details], ["no account", "asked twice"]);
  const [marker] = said("MarkerRecorded");
  assert.deepEqual([marker.markerName, marker.details], ["invoice failed", "no account"]);
  assert.equal(said("ActivityTaskCanceled")[0].details, "half printed");
  assert.equal(said("TimerCanceled")[0].timerId, "patience");
  assert.equal(said("TimerFired")[0].timerId, "pause");
  assert.equal(said("RequestCancelExternalWorkflowExecutionInitiated")[0].control, "no longer needed");
  assert.equal(said("ChildWorkflowExecutionCanceled")[0].details, "refunded");
  assert.equal(said("WorkflowExecutionCompleted")[0].result, "arrived");

  const [firstTracking, lastTracking] = [
    said("ChildWorkflowExecutionStarted").at(-1).workflowExecution,
    said("ChildWorkflowExecutionCompleted").at(-1).workflowExecution,
  ];
  assert.equal(lastTracking.workflowId, firstTracking.workflowId);
  assert.notEqual(lastTracking.runId, firstTracking.runId, "the run that completed is not the one that was started");
  assert.deepEqual(last.workflowExecution, order);
  assert(last.previousStartedEventId > 0);
}

/** Each child knows its parent, in every run. */
async function checkChildren(domain, history, order) {
  const initiated = history.filter((event) => event.eventType === "StartChildWorkflowExecutionInitiated");
  const ends = history.filter((event) => /^ChildWorkflowExecution(Completed|Failed|Canceled)$/.test(event.eventType));
  assert.equal(ends.length, initiated.length);
  for (const end of ends) {
    const { workflowExecution, initiatedEventId } = attributes(end);
    const [first] = await domain.history(workflowExecution);
    assert.deepEqual(attributes(first).parentWorkflowExecution, order);
    assert.equal(attributes(first).parentInitiatedEventId, initiatedEventId);
  }
}

const EXECUTIONS_PER_PAGE = 2;

/** The workflow types of the open executions, sorted; read page by page. */
async function open(domain, since) {
  const input = { domain: domain.name, startTimeFilter: { oldestDate: since } };
  const executions = await pages(domain, paginateListOpenWorkflowExecutions, input);
  return executions.map(({ workflowType }) => workflowType.name).sort();
}

/** The workflow types of the closed executions and how they ended, sorted; read page by page. */
async function closed(domain, since) {
  const input = { domain: domain.name, closeTimeFilter: { oldestDate: since } };
  const executions = await pages(domain, paginateListClosedWorkflowExecutions, input);
  return executions.map(({ workflowType, closeStatus }) => `${workflowType.name} ${closeStatus}`).sort();
}

async function pages(domain, paginate, input) {
  const found = await all(paginate({ client: domain.client, pageSize: EXECUTIONS_PER_PAGE }, input));
  assert(found.every((page) => page.executionInfos.length <= EXECUTIONS_PER_PAGE));
  return found.flatMap((page) => page.executionInfos);
}
