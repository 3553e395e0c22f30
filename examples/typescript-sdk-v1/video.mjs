// A video with the official TypeScript SDK, version 1: node video.mjs stdio|http "PROMPT"

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { fields, run, server } from "../workflow/workflow.mjs";

async function connect(transport) {
  const client = new Client({ name: "video-example", version: "1.0.0" });
  await client.connect(transport === "stdio"
    ? new StdioClientTransport({ command: server.command, args: server.args, env: server.env })
    : new StreamableHTTPClientTransport(new URL(server.url)));
  return {
    call: async (name, args) => fields(await client.callTool({ name, arguments: args })),
    close: () => client.close(),
  };
}

await run(connect);
