// A video with OpenAI's Agents SDK: node video.mjs stdio|http "PROMPT"
//
// The tools are called directly, so no model and no key is needed. In an
// agent, hand the server over instead: new Agent({ name, mcpServers: [seedance] }).

import { MCPServerStdio, MCPServerStreamableHttp } from "@openai/agents";

import { fields, run, server } from "../workflow/workflow.mjs";

async function connect(transport) {
  const seedance = transport === "stdio"
    ? new MCPServerStdio({ name: "seedance", command: server.command, args: server.args, env: server.env })
    : new MCPServerStreamableHttp({ name: "seedance", url: server.url });
  await seedance.connect();
  return {
    call: async (name, args) => fields(await seedance.callToolResult(name, args)),
    close: () => seedance.close(),
  };
}

await run(connect);
