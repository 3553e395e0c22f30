// A video with the official TypeScript SDK, version 2: node video.mjs stdio|http "PROMPT"

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

import { fields, run, server } from "../workflow/workflow.mjs";

async function connect(transport) {
  const client = new Client({ name: "video-example", version: "1.0.0" }, {
    // "auto" speaks protocol 2026-07-28 where the server does; the SDK's own default is "legacy", 2025-11-25.
    versionNegotiation: { mode: process.env.MCP_ERA ?? "auto" },
  });
  await client.connect(transport === "stdio"
    ? new StdioClientTransport({ command: server.command, args: server.args, env: server.env })
    : new StreamableHTTPClientTransport(new URL(server.url)));
  return {
    call: async (name, args) => fields(await client.callTool({ name, arguments: args })),
    close: () => client.close(),
  };
}

await run(connect);
