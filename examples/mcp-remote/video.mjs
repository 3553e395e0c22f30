// A video through mcp-remote, which makes an HTTP server look like a stdio
// server to clients that know only stdio: node video.mjs http "PROMPT"
//
// A client's configuration says the same in JSON:
// { "command": "npx", "args": ["mcp-remote", "http://127.0.0.1:8080/mcp"] }

import { fileURLToPath } from "node:url";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

import { fields, run, server } from "../workflow/workflow.mjs";

async function connect(transport) {
  if (transport !== "http") throw new Error("mcp-remote speaks HTTP to the server: write http");
  const client = new Client({ name: "video-example", version: "1.0.0" });
  const proxy = fileURLToPath(import.meta.resolve("mcp-remote/dist/proxy.js"));
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [proxy, server.url], env: server.env }));
  return {
    call: async (name, args) => fields(await client.callTool({ name, arguments: args })),
    close: () => client.close(),
  };
}

await run(connect);
