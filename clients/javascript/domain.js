// A domain as a program with the AWS SDK for JavaScript sees it: types, runs, tasks page by page, histories.

import assert from "node:assert/strict";
import {
  paginateGetWorkflowExecutionHistory,
  paginatePollForDecisionTask,
  PollForActivityTaskCommand,
  RegisterActivityTypeCommand,
  RegisterDomainCommand,
  RegisterWorkflowTypeCommand,
  RespondDecisionTaskCompletedCommand,
  StartWorkflowExecutionCommand,
  SWFClient,
} from "@aws-sdk/client-swf";
import { ADMINISTRATOR } from "./server.js";

/** So few that no history of these tests fits into one page. */
const EVENTS_PER_PAGE = 5;

/** A client as the SDK makes it by default, retries included. */
export function connect(url, credentials = ADMINISTRATOR, settings = {}) {
  return new SWFClient({ endpoint: url, region: "us-east-1", credentials, ...settings });
}

export class Domain {
  constructor(client, name) {
    this.client = client;
    this.name = name;
  }

  /** A new domain with these types; the task list of each type bears its name. */
  static async register(client, name, { workflowTypes = [], activityTypes = [] }) {
    await client.send(new RegisterDomainCommand({ name, workflowExecutionRetentionPeriodInDays: "7" }));
    const domain = new Domain(client, name);
    for (const type of workflowTypes) {
      await domain.send(RegisterWorkflowTypeCommand, {
        ...type,
        defaultTaskList: { name: type.name },
        defaultExecutionStartToCloseTimeout: "3600",
        defaultTaskStartToCloseTimeout: "60",
        defaultChildPolicy: "TERMINATE",
      });
    }
    for (const type of activityTypes) {
      await domain.send(RegisterActivityTypeCommand, {
        ...type,
        defaultTaskList: { name: type.name },
        defaultTaskScheduleToStartTimeout: "60",
        defaultTaskScheduleToCloseTimeout: "NONE",
        defaultTaskStartToCloseTimeout: "NONE",
        defaultTaskHeartbeatTimeout: "60",
      });
    }
    return domain;
  }

  /** Sends a command that names this domain. */
  send(Command, input) {
    return this.client.send(new Command({ domain: this.name, ...input }));
  }

  /** Starts a run and returns its execution, as other calls name it. */
  async start(workflowType, workflowId, input) {
    const { runId } = await this.send(StartWorkflowExecutionCommand, { workflowId, workflowType, input });
    return { workflowId, runId };
  }

  /** One turn of the decider of a workflow type: waits for a task, reads its whole history, and answers. */
  async decide(workflowType, decider) {
    const paging = { client: this.client, pageSize: EVENTS_PER_PAGE };
    const where = { domain: this.name, taskList: { name: workflowType.name } };
    const pages = await all(paginatePollForDecisionTask(paging, where));
    const task = { ...pages[0], events: pages.flatMap((page) => page.events ?? []) };
    assert(task.taskToken, `no decision task came for ${workflowType.name}`);
    assert(pages.every((page) => page.taskToken === task.taskToken), "all pages are of one task");
    const decisions = decider(task);
    await this.client.send(new RespondDecisionTaskCompletedCommand({ taskToken: task.taskToken, decisions }));
    return task;
  }

  /** Waits for an activity task. */
  async pollActivity(activityType) {
    const task = await this.send(PollForActivityTaskCommand, { taskList: { name: activityType.name } });
    assert(task.taskToken, `no activity task came for ${activityType.name}`);
    return task;
  }

  /** The whole history of a run. */
  async history(execution) {
    const paging = { client: this.client, pageSize: EVENTS_PER_PAGE };
    const pages = await all(paginateGetWorkflowExecutionHistory(paging, { domain: this.name, execution }));
    assert(pages.slice(0, -1).every((page) => page.events.length === EVENTS_PER_PAGE), "all pages but the last are full");
    return pages.flatMap((page) => page.events);
  }
}

/** Everything that an asynchronous iterator yields. */
export async function all(iterator) {
  const items = [];
  for await (const item of iterator) items.push(item);
  return items;
}

/** A decision of a type with its attributes, which go under a name that follows from the type. */
export function decision(decisionType, attributes = {}) {
  return { decisionType, [`${uncapitalized(decisionType)}DecisionAttributes`]: attributes };
}

/** What an event says besides its id, type and time. */
export function attributes(event) {
  return event[`${uncapitalized(event.eventType)}EventAttributes`];
}

/** An event as a line: its id, its type, and each member of its attributes that is the id of an event. */
export function line(event) {
  const ids = Object.entries(attributes(event)).filter(([name]) => name.endsWith("EventId")).sort();
  const named = ids.map(([name, id]) => ` ${name.slice(0, -"EventId".length)}=${id}`);
  return `${event.eventId} ${event.eventType}${named.join("")}`;
}

function uncapitalized(name) {
  return name[0].toLowerCase() + name.slice(1);
}
