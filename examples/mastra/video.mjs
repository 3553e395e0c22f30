// A video with Mastra: node video.mjs stdio|http "PROMPT"
//
// The tools are called directly. In an agent, hand them over instead:
// new Agent({ name, instructions, model, tools: await client.listTools() }).

import { MCPClient } from "@mastra/mcp";

import { run, server } from "../workflow/workflow.mjs";

async function connect(transport) {
  const client = new MCPClient({
    id: crypto.randomUUID(), // a second client with the same settings is refused otherwise
    servers: {
      seedance: transport === "stdio"
        ? { command: server.command, args: server.args, env: server.env }
        : { url: new URL(server.url) },
    },
  });
  const tools = await client.listTools();
  return {
    call: (name, args) => tools[`seedance_${name}`].execute(args, {}),
    close: () => client.disconnect(),
  };
}

await run(connect);
