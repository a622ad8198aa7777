// An order as a workflow: it starts four others, hears of their ends, and speaks with them by signals.
//
// - `parcel` waits for the address, tells the order that it is packed, and completes.
// - `invoice` fails, which the order only notes down.
// - `insurance` waits until the order cancels it.
// - `tracking` goes on as a new run, and completes when the order says that the parcel has arrived.
//
// Meanwhile an activity prints the label, until it is asked to stop. Deciders are functions from what is new in a
// history to decisions: they keep nothing between their turns, so that any process can take the next one.

import { attributes, decision } from "./domain.js";

const type = (name) => ({ name, version: "1" });
export const ORDER = type("order");
export const PARCEL = type("parcel");
export const INVOICE = type("invoice");
export const INSURANCE = type("insurance");
export const TRACKING = type("tracking");
export const PRINT_LABEL = type("print-label");

/** What comes next in the workflow of a decision task. */
export function decide(task) {
  const reactions = REACTIONS[task.workflowType.name];
  const news = task.events.filter((event) => event.eventId > task.previousStartedEventId);
  return news.flatMap((event) => reactions[event.eventType]?.(attributes(event), task) ?? []);
}

/** For each workflow type, what is decided on an event of a type; nothing on all others. */
const REACTIONS = {
  order: {
    WorkflowExecutionStarted: (_, task) => [
      startChild(task, PARCEL),
      decision("ScheduleActivityTask", { activityId: "label", activityType: PRINT_LABEL, input: "A6" }),
      decision("StartTimer", { timerId: "patience", startToFireTimeout: "3600" }),
    ],
    ChildWorkflowExecutionStarted: ({ workflowType }, task) => {
      const next = { parcel: INVOICE, invoice: INSURANCE, insurance: TRACKING }[workflowType.name];
      return next ? [startChild(task, next)] : [];
    },
    ChildWorkflowExecutionFailed: ({ workflowType, reason }) => [
      decision("RecordMarker", { markerName: `${workflowType.name} failed`, details: reason }),
    ],
    WorkflowExecutionSignaled: ({ signalName, input }, task) =>
      ({
        address: () => [signal(childId(task, PARCEL), "address", input)],
        packed: () => [decision("RequestCancelActivityTask", { activityId: "label" })],
      })[signalName](),
    ActivityTaskCanceled: () => [
      decision("CancelTimer", { timerId: "patience" }),
      decision("StartTimer", { timerId: "pause", startToFireTimeout: "1" }),
    ],
    TimerFired: (_, task) => [
      decision("RequestCancelExternalWorkflowExecution", {
        workflowId: childId(task, INSURANCE),
        control: "no longer needed",
      }),
    ],
    ChildWorkflowExecutionCanceled: (_, task) => [signal(childId(task, TRACKING), "arrived")],
    ChildWorkflowExecutionCompleted: ({ workflowType, result }) =>
      workflowType.name === TRACKING.name ? [decision("CompleteWorkflowExecution", { result })] : [],
  },
  parcel: {
    WorkflowExecutionSignaled: ({ input }, task) => [signal(parent(task).workflowId, "packed", input)],
    ExternalWorkflowExecutionSignaled: () => [decision("CompleteWorkflowExecution", { result: "packed" })],
  },
  invoice: {
    WorkflowExecutionStarted: () => [
      decision("FailWorkflowExecution", { reason: "no account", details: "asked twice" }),
    ],
  },
  insurance: {
    WorkflowExecutionCancelRequested: () => [decision("CancelWorkflowExecution", { details: "refunded" })],
  },
  tracking: {
    WorkflowExecutionStarted: ({ continuedExecutionRunId }) =>
      continuedExecutionRunId ? [] : [decision("ContinueAsNewWorkflowExecution", { input: "second leg" })],
    WorkflowExecutionSignaled: ({ signalName }) => [decision("CompleteWorkflowExecution", { result: signalName })],
  },
};

/** The workflow id of the execution that an order starts of a type. */
function childId(task, workflowType) {
  return `${task.workflowExecution.workflowId}/${workflowType.name}`;
}

function startChild(task, workflowType) {
  const workflowId = childId(task, workflowType);
  return decision("StartChildWorkflowExecution", { workflowId, workflowType, control: workflowType.name });
}

function signal(workflowId, signalName, input) {
  return decision("SignalExternalWorkflowExecution", { workflowId, signalName, input, control: signalName });
}

function parent(task) {
  return attributes(task.events[0]).parentWorkflowExecution;
}
