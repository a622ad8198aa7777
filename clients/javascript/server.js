// The server as a process: one on a scratch directory for each test, which ends with it.
// Knows the command line and the first line of output; knows nothing of SWF.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** Who is in this file may do everything, and has this key. Its secret comes by the environment. */
const IDENTITIES = fileURLToPath(new URL("../identities.toml", import.meta.url));
export const ADMINISTRATOR = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

const READY = /^listening on (https?:\/\/127\.0\.0\.1:\d+)$/;
/** Longer than a poll, so that one which waits in vain is told as what it is. */
const TEST_SECONDS_MAX = 120;
const STOP_SECONDS_MAX = 10;
const LOG_CHARACTERS_MAX = 4000;

/**
 * Runs `body` with the URL of a server of its own, started with `flags`. It verifies signatures, of the administrator
 * unless the flags name other identities.
 * A server that ends too early and a body that does not end fail the test, and every failure is told with the log.
 */
export async function withServer(flags, body) {
  await withScratch((scratch) => withServerIn(scratch, {}, flags, body));
}

/** Runs `body` with a directory that goes afterwards. */
export async function withScratch(body) {
  const scratch = await mkdtemp(join(tmpdir(), "tidewheel-javascript-"));
  try {
    await body(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The same, with the data in the directory `scratch`, and more variables. */
export async function withServerIn(scratch, variables, flags, body) {
  const command = binary();
  const logPath = join(scratch, "server.log");
  const log = await open(logPath, "w");
  const server = spawn(
    command,
    ["serve", "--data-dir", join(scratch, "data"), "--listen", "127.0.0.1:0", ...verified(flags), ...flags],
    { stdio: ["ignore", "pipe", log.fd], env: { ...environment(), ...variables } },
  );
  const end = once(server, "exit");
  const timers = new AbortController();
  const within = (seconds, promise, what) => Promise.race([promise, deadline(seconds, timers.signal, what)]);
  try {
    const early = end.then(([code, signal]) => assert.fail(`the server ended by itself: ${code ?? signal}`));
    const test = url(server).then(body);
    await within(TEST_SECONDS_MAX, Promise.race([early, test]), "the test");
    server.kill("SIGTERM");
    const ended = await within(STOP_SECONDS_MAX, end, "stopping the server");
    assert.deepEqual(ended, [0, null], "SIGTERM ends the server with exit code 0");
  } catch (error) {
    console.error(`The server's log:\n${(await readFile(logPath, "utf8")).slice(-LOG_CHARACTERS_MAX)}`);
    throw error;
  } finally {
    timers.abort();
    server.kill("SIGKILL");
    await Promise.allSettled([end]);
    await log.close();
  }
}

/** Where the server listens, from its first line of output. */
async function url(server) {
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  const ready = READY.exec(line);
  assert(ready, `the server's first line is: ${line}`);
  return ready[1];
}

async function deadline(seconds, signal, what) {
  await setTimeout(seconds * 1000, undefined, { signal });
  assert.fail(`${what} took more than ${seconds} seconds`);
}

function verified(flags) {
  return ["--auth", "sigv4", ...(flags.includes("--identities") ? [] : ["--identities", IDENTITIES])];
}

export function binary() {
  const path = process.env.TIDEWHEEL_BIN;
  assert(path, "TIDEWHEEL_BIN must name the server's binary");
  return path;
}

/** Ours without settings for the server (a test's flags say all), and with the administrator's secret. */
export function environment() {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("TIDEWHEEL_"));
  return Object.fromEntries([...others, ["ADMINISTRATOR_SECRET", ADMINISTRATOR.secretAccessKey]]);
}
