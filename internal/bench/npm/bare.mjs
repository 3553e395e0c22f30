// The TypeScript SDK's server with one tool that answers as get_task_status
// does, with nothing behind it: node bare.mjs stdio | HOST:PORT
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

function bareServer() {
  const server = new McpServer({ name: "bare", version: "1" });
  server.registerTool(
    "get_task_status",
    {
      description: "Reads the state of a video task; can wait up to 45 seconds for it to end.",
      inputSchema: {
        task_id: z.string().optional(),
        task_ids: z.array(z.string()).optional(),
        wait_for: z.string().optional(),
        wait_seconds: z.number().int().optional(),
      },
      outputSchema: {
        task_id: z.string(), upstream_task_id: z.string(), status: z.string(), model: z.string(), workflow: z.string(), prompt: z.string(),
        videos: z.array(z.object({ url: z.string(), width: z.number(), height: z.number(), path: z.string() })),
        credits: z.object({ estimated: z.number(), used: z.number(), settled: z.boolean() }),
        created_at: z.string(), completed_at: z.string(), sandbox: z.boolean(), notes: z.array(z.string()), next: z.string(),
      },
    },
    async ({ task_id = "" }) => {
      const task = {
        task_id, upstream_task_id: "task_bskmeqig83tm87bicnf3o40c", status: "success", model: "seedance-20",
        workflow: "seedance20-video-generation", prompt: "a red fox in the snow",
        videos: [{ url: "http://sandbox.test/media/task_bskmeqig83tm87bicnf3o40c.mp4", width: 1280, height: 720, path: "/videos/a-red-fox-in-the-snow.mp4" }],
        credits: { estimated: 200, used: 200, settled: true },
        created_at: "2026-11-25T18:01:52Z", completed_at: "2026-11-25T18:02:00Z", sandbox: true,
        notes: ["sandbox, no credits spent"], next: "Give the user videos[0].url, in full. Nothing more needs to be called for it.",
      };
      return { content: [{ type: "text", text: JSON.stringify(task) }], structuredContent: task };
    },
  );
  return server;
}

const where = process.argv[2];
if (where === "stdio") {
  await bareServer().connect(new StdioServerTransport());
} else {
  const [host, port] = where.split(":");
  createServer(async (request, response) => {
    // Stateless: the SDK asks for a server and a transport a request.
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
    const server = bareServer();
    response.on("close", () => { transport.close(); server.close(); });
    await server.connect(transport);
    await transport.handleRequest(request, response);
  }).listen(Number(port), host);
}
