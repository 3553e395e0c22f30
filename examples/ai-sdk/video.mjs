// A video with the Vercel AI SDK: node video.mjs stdio|http "PROMPT"
//
// The tools are called directly. With a model, hand them over instead:
// generateText({ model, tools: await client.tools(), prompt, stopWhen: isStepCount(20) }).

import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as StdioTransport } from "@ai-sdk/mcp/mcp-stdio";

import { fields, run, server } from "../workflow/workflow.mjs";

async function connect(transport) {
  const client = await createMCPClient({
    transport: transport === "stdio"
      ? new StdioTransport({ command: server.command, args: server.args, env: server.env })
      : { type: "http", url: server.url },
  });
  const tools = await client.tools();
  return {
    // The SDK has no time-out of its own: a call whose server died would wait for ever.
    call: async (name, args) => {
      const control = new AbortController();
      const timer = setTimeout(() => control.abort(new Error("no answer within 60 s")), 60_000);
      try {
        return fields(await tools[name].execute(args, { toolCallId: name, messages: [], abortSignal: control.signal }));
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => client.close(),
  };
}

await run(connect);
