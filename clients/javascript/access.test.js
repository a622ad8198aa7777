// Who is let in, to do what: keys, sessions, clocks and TLS as a program with the AWS SDK for JavaScript meets them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  DescribeDomainCommand,
  ListDomainsCommand,
  RespondDecisionTaskCompletedCommand,
  SWFServiceException,
} from "@aws-sdk/client-swf";
import { connect, decision, Domain } from "./domain.js";
import { ADMINISTRATOR, binary, environment, withScratch, withServer, withServerIn } from "./server.js";

const GREETING = { name: "greeting", version: "1" };
const TLS = fileURLToPath(new URL("../tls/", import.meta.url));
const CLOCK = fileURLToPath(new URL("../clock.c", import.meta.url));
const MINUTE = 60 * 1000;
const WRONG_SIGNATURE =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key " +
  "and signing method. Consult the service documentation for details.";
const UNKNOWN_KEY = "The security token included in the request is invalid.";
const EXPIRED_TOKEN = "The security token included in the request is expired";

/** `tidewheel iam` through a server; its answer. */
async function iam(url, operation, ...words) {
  const credentials = {
    AWS_ACCESS_KEY_ID: ADMINISTRATOR.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ADMINISTRATOR.secretAccessKey,
  };
  const command = ["iam", operation, "--endpoint-url", url, ...words];
  const done = await promisify(execFile)(binary(), command, { env: { ...environment(), ...credentials } });
  return done.stdout === "" ? {} : JSON.parse(done.stdout);
}

function policy(...statements) {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** Makes a user who may do these things; its key. */
async function createUser(url, name, ...actions) {
  const document = policy({ Effect: "Allow", Action: actions, Resource: "*" });
  await iam(url, "create-user", "--user-name", name);
  await iam(url, "put-user-policy", "--user-name", name, "--policy-name", "its", "--policy-document", document);
  const { AccessKey } = await iam(url, "create-access-key", "--user-name", name);
  return { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
}

/** Makes a role that may do everything; a session of it. */
async function assumeRole(url, ...words) {
  const trust = policy({
    Effect: "Allow",
    Principal: { AWS: "arn:aws:iam::000000000000:user/administrator" },
    Action: "sts:AssumeRole",
  });
  const everything = policy({ Effect: "Allow", Action: "swf:*", Resource: "*" });
  const role = ["--role-name", "operator"];
  await iam(url, "create-role", ...role, "--assume-role-policy-document", trust);
  await iam(url, "put-role-policy", ...role, "--policy-name", "its", "--policy-document", everything);
  const arn = ["--role-arn", "arn:aws:iam::000000000000:role/operator"];
  const { Credentials } = await iam(url, "assume-role", ...arn, "--role-session-name", "tests", ...words);
  return {
    accessKeyId: Credentials.AccessKeyId,
    secretAccessKey: Credentials.SecretAccessKey,
    sessionToken: Credentials.SessionToken,
  };
}

const list = (client) => client.send(new ListDomainsCommand({ registrationStatus: "REGISTERED" }));

/** How a command was refused: at once, because no repetition can cure it. */
async function refused(sent, attempts = 1) {
  const error = await sent.then(() => assert.fail("the command was accepted"), (error) => error);
  assert(error instanceof SWFServiceException, error.stack);
  assert.equal(error.$fault, "client");
  assert.equal(error.$metadata.httpStatusCode, 400);
  assert.equal(error.$metadata.attempts, attempts);
  assert(error.$metadata.requestId);
  return [error.name, error.message];
}

test("keys that are right, wrong, unknown, disabled and deleted", () =>
  withServer([], async (url) => {
    const key = await createUser(url, "ada", "swf:ListDomains");
    const named = ["--user-name", "ada", "--access-key-id", key.accessKeyId];
    await list(connect(url));
    await list(connect(url, key));
    const wrong = { ...key, secretAccessKey: ADMINISTRATOR.secretAccessKey };
    assert.deepEqual(await refused(list(connect(url, wrong))), ["InvalidSignatureException", WRONG_SIGNATURE]);
    const unknown = ["UnrecognizedClientException", UNKNOWN_KEY];
    const nobody = { ...key, accessKeyId: "AKIAIOSFODNN7NOBODY0" };
    assert.deepEqual(await refused(list(connect(url, nobody))), unknown);
    await iam(url, "update-access-key", ...named, "--status", "Inactive");
    assert.deepEqual(await refused(list(connect(url, key))), unknown);
    await iam(url, "update-access-key", ...named, "--status", "Active");
    await list(connect(url, key));
    const { AccessKey } = await iam(url, "create-access-key", "--user-name", "ada");
    await iam(url, "delete-access-key", ...named);
    assert.deepEqual(await refused(list(connect(url, key))), unknown);
    const rotated = { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
    await list(connect(url, rotated));
  }));

test("what is not permitted is refused at once, and says what it was", () =>
  withServer([], async (url) => {
    const domain = await Domain.register(connect(url), "access", { workflowTypes: [GREETING] });
    const key = await createUser(url, "ada", "swf:ListDomains");
    const client = connect(url, key);
    const arn = "arn:aws:swf:us-east-1:000000000000:/domain/access";
    assert.deepEqual(await refused(client.send(new DescribeDomainCommand({ name: domain.name }))), [
      "AccessDeniedException",
      "User: arn:aws:iam::000000000000:user/ada is not authorized to perform: swf:DescribeDomain on resource: " +
        `${arn} because no identity-based policy allows the swf:DescribeDomain action`,
    ]);
    await list(client);
  }));

test("a decision that is not permitted has failed", () =>
  withServer([], async (url) => {
    const domain = await Domain.register(connect(url), "access", { workflowTypes: [GREETING] });
    const key = await createUser(url, "decider", "swf:PollForDecisionTask", "swf:RespondDecisionTaskCompleted");
    const decider = new Domain(connect(url, key), domain.name);
    const execution = await domain.start(GREETING, "ada");
    await decider.decide(GREETING, () => [decision("CompleteWorkflowExecution")]);
    const failed = (await domain.history(execution)).at(-2);
    assert.equal(failed.eventType, "CompleteWorkflowExecutionFailed");
    assert.equal(failed.completeWorkflowExecutionFailedEventAttributes.cause, "OPERATION_NOT_PERMITTED");
    const sent = decider.client.send(new RespondDecisionTaskCompletedCommand({ taskToken: "forged" }));
    assert.deepEqual(await refused(sent), ["ValidationException", "Invalid token"]);
  }));

test("a session of a role, cut down by a policy of its own", () =>
  withServer([], async (url) => {
    const domain = await Domain.register(connect(url), "access", { workflowTypes: [GREETING] });
    const reading = policy({ Effect: "Allow", Action: "swf:List*", Resource: "*" });
    const session = await assumeRole(url, "--policy", reading);
    await list(connect(url, session));
    const [name, message] = await refused(
      connect(url, session).send(new DescribeDomainCommand({ name: domain.name })),
    );
    assert.equal(name, "AccessDeniedException");
    assert.match(message, /^User: arn:aws:sts::000000000000:assumed-role\/operator\/tests is not authorized/);
    assert.match(message, / because no session policy allows the swf:DescribeDomain action$/);
    const torn = { ...session, sessionToken: `${session.sessionToken.slice(0, -4)}AAAA` };
    assert.deepEqual(await refused(list(connect(url, torn))), ["UnrecognizedClientException", UNKNOWN_KEY]);
  }));

/** Runs `body` with a clock that is wrong: ahead of the server's, or behind it. */
async function withClockAhead(milliseconds, body) {
  const Right = Date;
  globalThis.Date = class extends Right {
    constructor(...given) {
      super(...(given.length === 0 ? [Date.now()] : given));
    }

    static now() {
      return Right.now() + milliseconds;
    }
  };
  try {
    await body();
  } finally {
    globalThis.Date = Right;
  }
}

for (const minutes of [20, -20]) {
  test(`a clock that is ${minutes} minutes off is set right by the date of the answer`, () =>
    withServer([], (url) =>
      withClockAhead(minutes * MINUTE, async () => {
        const client = connect(url);
        const first = await list(client);
        assert.equal(first.$metadata.attempts, 2, "the first signature is not accepted");
        const { systemClockOffset } = client.config;
        assert(Math.abs(systemClockOffset + minutes * MINUTE) < MINUTE, `${systemClockOffset}`);
        const second = await list(client);
        assert.equal(second.$metadata.attempts, 1);

        const [name, message] = await refused(list(connect(url, ADMINISTRATOR, { maxAttempts: 1 })));
        assert.equal(name, "InvalidSignatureException");
        assert.match(message, minutes > 0 ? /^Signature not yet current: / : /^Signature expired: /);
      }),
    ));
}

/** The variables of a server whose clock is ahead of ours. */
async function serverAhead(scratch, milliseconds) {
  const library = join(scratch, "clock.so");
  await promisify(execFile)("cc", ["-shared", "-fPIC", "-O1", "-o", library, CLOCK]);
  return { LD_PRELOAD: library, CLOCK_AHEAD: `${milliseconds / 1000}` };
}

test("a session that has expired", () =>
  withScratch(async (scratch) => {
    let session;
    await withServerIn(scratch, {}, [], async (url) => {
      session = await assumeRole(url, "--duration-seconds", "900");
      await list(connect(url, session));
    });
    const ahead = 16 * MINUTE;
    await withServerIn(scratch, await serverAhead(scratch, ahead), [], (url) =>
      withClockAhead(ahead, async () => {
        await list(connect(url));
        assert.deepEqual(await refused(list(connect(url, session))), ["ExpiredTokenException", EXPIRED_TOKEN]);
      }),
    );
  }));

/** Runs `body` with a server that speaks TLS, and with the certificates and keys that there are. */
async function withTls(flags, body) {
  const scratch = await mkdtemp(join(tmpdir(), "tidewheel-javascript-tls-"));
  try {
    const key = join(scratch, "key.pem");
    await copyFile(join(TLS, "server-key.pem"), key);
    await chmod(key, 0o600); // As it was checked out, it is open to others.
    const files = await Promise.all(
      ["authority.pem", "client.pem", "client-key.pem"].map((name) => readFile(join(TLS, name))),
    );
    const [authority, certificate, itsKey] = files;
    await withServer(["--tls-cert", join(TLS, "server.pem"), "--tls-key", key, ...flags], (url) => {
      assert(url.startsWith("https://"));
      return body(url, { authority, certificate, itsKey });
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A client that tries once, with an agent of these options. */
function connectWith(url, options) {
  return connect(url, ADMINISTRATOR, { requestHandler: { httpsAgent: new Agent(options) }, maxAttempts: 1 });
}

test("TLS, for clients that know the authority", () =>
  withTls([], async (url, { authority }) => {
    const domain = await Domain.register(connectWith(url, { ca: authority }), "access", { workflowTypes: [GREETING] });
    await domain.start(GREETING, "ada");
    await domain.decide(GREETING, () => [decision("CompleteWorkflowExecution")]);
    await assert.rejects(list(connectWith(url, {})), /certificate/);
  }));

test("TLS, for clients with a certificate of their own", () =>
  withTls(["--tls-client-ca", join(TLS, "authority.pem")], async (url, { authority, certificate, itsKey }) => {
    await list(connectWith(url, { ca: authority, cert: certificate, key: itsKey }));
    await assert.rejects(list(connectWith(url, { ca: authority })), /certificate|ECONNRESET|EPIPE/);
  }));
