// The workflow that every program in these folders follows, whatever its
// library: estimate_cost → generate_video → get_task_status until it is there.
//
// generate_video is the paid call. It answers within seconds, so it is called
// once and nothing here repeats it. get_task_status is free and changes
// nothing: repeat it as often as you like, after a lost connection, from
// another process, or tomorrow.

import { setTimeout as sleep } from "node:timers/promises";

const ended = ["success", "fail", "unconfirmed"];
const maxTrouble = 5; // waits in a row that may fail

// server is where seedance-mcp is: a command for stdio, a URL for HTTP.
export const server = {
  command: process.env.SEEDANCE_MCP ?? "seedance-mcp",
  args: ["stdio"],
  env: { ...process.env }, // most libraries pass on only HOME and PATH, so the server would get no SEEDANCE_ variables
  url: process.env.SEEDANCE_MCP_URL ?? "http://127.0.0.1:8080/mcp",
};

// run reads the arguments, TRANSPORT [PROMPT], and makes one video. connect
// opens a session over "stdio" or "http": { call(tool, args), close() }, where
// call gives the result's fields.
export async function run(connect) {
  const [transport, prompt] = process.argv.slice(2);
  if (transport !== "stdio" && transport !== "http") {
    console.error('usage: node video.mjs stdio|http ["PROMPT"]   without a prompt: the latest video that was ordered');
    process.exit(2);
  }
  try {
    const session = await connect(transport);
    const task = prompt ? await order(session, prompt) : await session.call("get_task_status", {});
    process.exitCode = report(await follow(session, task, () => connect(transport), transport));
  } catch (error) {
    console.error(`error: ${reason(error)}`);
    process.exitCode = 1;
  }
  process.exit(); // some libraries keep timers that would hold the process
}

// order shows the price and buys.
async function order(session, prompt) {
  const wish = { prompt, duration: 5 };
  const quote = await session.call("estimate_cost", wish);
  console.log(`estimate: ${quote.credits} credits`);
  return session.call("generate_video", { ...wish, max_credits: quote.credits });
}

// follow waits, 45 s a call at most, until the task has ended.
async function follow(session, task, reconnect, transport) {
  console.log(`task: ${task.task_id} ${task.status}`);
  for (let trouble = 0; !ended.includes(task.status); ) {
    try {
      session ??= await reconnect();
      task = await session.call("get_task_status", { task_id: task.task_id, wait_seconds: 45 });
      console.log(`  ${task.status}`);
      trouble = 0;
    } catch (error) {
      // The call was lost, the task was not: ask again.
      if (++trouble > maxTrouble) throw error;
      console.error(`  no answer (${reason(error)}); asking again`);
      // Over stdio the server was a process of the session, so it takes a new
      // one. Over HTTP there are no sessions to lose.
      if (transport === "stdio") {
        await session?.close().catch(() => {});
        session = undefined;
      }
      await sleep(1000);
    }
  }
  await session?.close();
  return task;
}

// report prints how it ended and gives the exit code.
function report(task) {
  if (task.status !== "success") {
    console.error(`error: ${task.error?.message ?? task.status}\n${task.next}`);
    return 1;
  }
  for (const video of task.videos) {
    console.log(`video: ${video.url}`);
    if (video.path) console.log(`saved: ${video.path}`);
  }
  console.log(`used: ${task.credits.used} credits${task.sandbox ? " (sandbox: none were spent)" : ""}`);
  return 0;
}

// reason is an error with what caused it: "fetch failed" alone says little.
function reason(error) {
  return error.cause ? `${error.message}: ${error.cause.code ?? error.cause.message}` : error.message;
}

// fields are a plain MCP result's: the same in its text and in its structured
// content. What went wrong is text for the model, here an error.
export function fields(result) {
  if (result.isError) throw new Error(result.content[0].text);
  return result.structuredContent ?? JSON.parse(result.content[0].text);
}
