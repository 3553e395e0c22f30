// A video with mcp-use: node video.mjs stdio|http "PROMPT"

import { MCPClient } from "mcp-use/client";

import { fields, run, server } from "../workflow/workflow.mjs";

async function connect(transport) {
  const client = MCPClient.fromDict({
    mcpServers: {
      seedance: transport === "stdio"
        ? { command: server.command, args: server.args, env: server.env }
        : { url: server.url },
    },
  });
  const session = await client.createSession("seedance");
  return {
    call: async (name, args) => fields(await session.callTool(name, args)),
    close: () => client.closeAllSessions(),
  };
}

await run(connect);
