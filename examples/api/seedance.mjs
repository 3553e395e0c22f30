// The jobs API in one small file: create a task, follow it, save the video.
//
// Only what Node 20 has built in. createTask is the paid call and has no
// idempotency key, so it is sent once and never again: a lost answer is
// reported, not retried.

import { open, rename, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const maxJSON = 1 << 20;
const maxVideo = 500 << 20;
const maxTrouble = 8; // polls in a row that may fail

// The answers to createTask that surely mean "no task, no charge", and the
// failures before the request left. Everything else leaves the outcome open.
const notAccepted = [400, 401, 402, 403, 404, 405, 413, 429];
const neverLeft = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "CERT_HAS_EXPIRED", "DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN"];

// Trouble says what failed and what to do, in words for a person.
class Trouble extends Error {}

// Refused is an HTTP error, with its status and Retry-After in seconds.
class Refused extends Trouble {
  constructor(status, message, retryAfter = 0) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

function seconds(name, fallback) {
  const value = Number(process.env[name] || fallback);
  if (!(value > 0 && value < 1e6)) {
    throw new Trouble(`${name} is ${JSON.stringify(process.env[name])}: give a number of seconds, such as ${fallback}.`);
  }
  return value * 1000;
}

class Client {
  constructor() {
    this.url = (process.env.SEEDANCE_API_URL ?? "").replace(/\/+$/, "");
    this.key = process.env.SEEDANCE_API_KEY ?? "";
    if (!this.url || !this.key) {
      throw new Trouble("Set SEEDANCE_API_URL and SEEDANCE_API_KEY; README.md shows how.");
    }
    this.poll = seconds("SEEDANCE_POLL_SECONDS", 2);
    this.patience = seconds("SEEDANCE_PATIENCE_SECONDS", 15 * 60);
    this.answerTimeout = seconds("SEEDANCE_ANSWER_SECONDS", 60);
  }

  async call(method, path, body) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { Authorization: "Bearer " + this.key, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      redirect: "manual", // a redirect must not carry the key to another host
      signal: AbortSignal.timeout(this.answerTimeout),
    });
    if (!answer.ok) {
      throw await refused(answer);
    }
    const text = await limitedText(answer);
    const data = parse(text);
    if (!data) {
      throw new Trouble(`HTTP ${answer.status} with ${answer.headers.get("content-type")} that is not the API's JSON: ${snippet(text)}`);
    }
    return unwrap(data);
  }

  // create sends createTask once and gives the task id.
  async create(body) {
    let data;
    try {
      data = await this.call("POST", "/jobs/createTask", body);
    } catch (err) {
      if (err instanceof Refused && notAccepted.includes(err.status)) {
        throw err;
      }
      if (neverLeft.includes(err.cause?.code)) {
        throw new Trouble(`No connection to ${this.url}: ${reason(err)}. Nothing was sent. Is the sandbox running?`);
      }
      throw new Trouble(unknownOutcome(reason(err)));
    }
    if (typeof data.taskId !== "string" || !data.taskId) {
      throw new Trouble(unknownOutcome("the answer names no taskId"));
    }
    return data.taskId;
  }

  record(taskId) {
    return this.call("GET", "/jobs/recordInfo?taskId=" + encodeURIComponent(taskId));
  }

  // wait polls until the task ends; passing trouble is waited out.
  async wait(taskId) {
    const deadline = performance.now() + this.patience;
    let [troubles, pause, shown] = [0, this.poll, ""];
    for (;;) {
      let asked = 0;
      let data;
      try {
        data = await this.record(taskId);
      } catch (err) {
        // 404 just after creation may pass; these will not.
        if (err instanceof Refused && [400, 401, 402, 403].includes(err.status)) {
          throw err;
        }
        asked = (err.retryAfter ?? 0) * 1000;
        troubles++;
        if (troubles >= maxTrouble) {
          throw new Trouble(`${troubles} polls in a row failed, the last with: ${reason(err)} The task ${taskId} goes on and is paid: ask for it later.`);
        }
        pause = Math.min(pause * 2, 15 * this.poll);
        console.error(`  poll failed (${reason(err)}); trying again`);
      }
      if (data) {
        [troubles, pause] = [0, Math.min(pause * 1.2, 3 * this.poll)];
        const state = String(data.status ?? data.state ?? "").toLowerCase();
        if (state !== shown) {
          console.log(`  ${state || "no state yet"}`);
          shown = state;
        }
        if (state === "fail") {
          throw new Trouble(failure(data));
        }
        const link = videoOf(data); // success without a URL is not done yet
        if (state === "success" && link) {
          return { data, link };
        }
      }
      // Jitter, so that many clients do not poll in step.
      const next = Math.max(asked, pause * (0.75 + Math.random() / 2));
      if (performance.now() + next > deadline) {
        throw new Trouble(`No end after ${this.patience / 1000} s. The task ${taskId} goes on and is paid: ask for it later.`);
      }
      await sleep(next);
    }
  }

  // save downloads without the key, into a file that appears whole or not at all.
  async save(link, path) {
    const part = path + ".part";
    let file;
    try {
      const answer = await fetch(link, { signal: AbortSignal.timeout(this.patience) });
      if (!answer.ok) {
        throw new Error(`HTTP ${answer.status}`);
      }
      const kind = (answer.headers.get("content-type") ?? "").split(";")[0].trim();
      if (!["video/mp4", "video/quicktime", "application/octet-stream"].includes(kind)) {
        throw new Error(`${kind || "no type"} instead of a video`);
      }
      file = await open(part, "w");
      let size = 0;
      for await (const chunk of answer.body) {
        size += chunk.length;
        if (size > maxVideo) {
          throw new Error(`larger than ${maxVideo >> 20} MiB`);
        }
        await file.write(chunk);
      }
      await file.close();
      await rename(part, path);
      return size;
    } catch (err) {
      throw new Trouble(`The download failed: ${reason(err)}. The video is paid and stays at ${link}`);
    } finally {
      await file?.close().catch(() => {});
      await rm(part, { force: true });
    }
  }
}

// limitedText reads at most maxJSON bytes; a broken body throws.
async function limitedText(answer) {
  const chunks = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > maxJSON) {
      throw new Trouble("the answer is larger than 1 MiB");
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

// parse gives a JSON object; undefined for anything else.
function parse(text) {
  try {
    const data = JSON.parse(text);
    return data && typeof data === "object" && !Array.isArray(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

// unwrap gives the record itself, in an envelope {code, message, data} or not.
function unwrap(data) {
  if ("code" in data && data.code !== 200) {
    throw new Refused(Number(data.code), `Refused with code ${data.code}: ${data.message ?? "no reason given"}.`);
  }
  const inner = "code" in data ? data.data : data;
  if (!inner || typeof inner !== "object") {
    throw new Trouble("The answer has no data.");
  }
  return inner;
}

async function refused(answer) {
  const text = await limitedText(answer).catch(() => "");
  const retryAfter = Math.min(Number(answer.headers.get("retry-after")) || 0, 60);
  const body = parse(text);
  if (!body) {
    return new Refused(answer.status, `HTTP ${answer.status} with a page instead of JSON (${snippet(text)}).`, retryAfter);
  }
  let message = `HTTP ${answer.status}: ${body.message ?? "no reason given"}.`;
  for (const problem of Array.isArray(body.errors) ? body.errors : []) {
    message += ` ${(problem?.path ?? []).join(".")}: ${problem?.message}.`;
  }
  if (answer.status === 401) {
    message += " Check SEEDANCE_API_KEY.";
  } else if (answer.status === 402) {
    if ("required" in body && "available" in body) {
      message += ` It needs ${body.required} credits and the account has ${body.available}.`;
    }
    message += " Nothing was charged: add credits or ask for less.";
  } else if (answer.status === 429) {
    if ("limit" in body) {
      message += ` (${body.current ?? "?"} of ${body.limit} tasks run.)`;
    }
    message += " Nothing was charged: run it again when a task has ended.";
  }
  return new Refused(answer.status, message, retryAfter);
}

// reason is the cause of an error: fetch hides it.
const reason = (err) => err.cause?.message || err.cause?.code || err.message;

function unknownOutcome(why) {
  return `The answer to createTask was lost (${why}). The task may exist and may have been paid, so it is NOT sent again: ` +
    "look at the account's task list before you run this once more.";
}

function failure(data) {
  const error = data.error ?? data.failMsg;
  const [code, message] = error && typeof error === "object" ? [error.code, error.message] : [data.failCode, error];
  return `The task failed${code ? ` (code ${code})` : ""}: ${message || "no reason given"}`;
}

// videoOf is the first video's URL; "" while there is none.
function videoOf(data) {
  const output = Array.isArray(data.output) ? data.output : [];
  return output[0]?.url || parse(data.resultJson ?? "")?.resultUrls?.[0] || "";
}

function snippet(text) {
  const plain = text.replace(/<!--[^]*?-->|<style[^]*?<\/style>|<[^>]*>/g, " ").replace(/[^\P{C}\n]/gu, " ");
  return plain.split(/\s+/).join(" ").trim().slice(0, 120) || "empty";
}

// run makes one video; the exit code is 0 when it is saved, 1 otherwise.
export async function run(body, path) {
  try {
    const client = new Client();
    const taskId = await client.create(body);
    console.log(`Task ${taskId} accepted`);
    const { data, link } = await client.wait(taskId);
    const size = await client.save(link, path);
    console.log(`Saved ${path} (${size} bytes), credits used: ${data.creditsUsed ?? "not told"}`);
  } catch (err) {
    if (!(err instanceof Trouble)) {
      throw err;
    }
    console.error(`error: ${err.message}`);
    process.exitCode = 1;
  }
}
