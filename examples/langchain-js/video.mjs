// A video with LangChain's MCP adapters: node video.mjs stdio|http "PROMPT"
//
// The tools are called directly. In an agent, hand them over instead:
// createAgent({ model, tools: await client.getTools() }).

import { MultiServerMCPClient } from "@langchain/mcp-adapters";

import { run, server } from "../workflow/workflow.mjs";

async function connect(transport) {
  const client = new MultiServerMCPClient({
    mcpServers: {
      seedance: transport === "stdio"
        ? { transport: "stdio", command: server.command, args: server.args, env: server.env }
        : { transport: "http", url: server.url },
    },
  });
  const tools = Object.fromEntries((await client.getTools()).map((tool) => [tool.name, tool]));
  return {
    // A tool that refuses throws a ToolException with the reason.
    call: async (name, args) => JSON.parse((await tools[name].invoke(args)).text),
    close: () => client.close(),
  };
}

await run(connect);
