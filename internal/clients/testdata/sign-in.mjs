// One of the official TypeScript SDKs finds the issuer of tokens by itself,
// gets one, and makes a video: node sign-in.mjs FOLDER PACKAGE URL
// The person who would agree in a browser agrees at once.

import { createRequire } from "node:module";

const [folder, library, url] = process.argv.slice(2);
const load = createRequire(`${folder}/`);
const { Client, StreamableHTTPClientTransport } = library === "@modelcontextprotocol/sdk"
  ? { ...load(`${library}/client/index.js`), ...load(`${library}/client/streamableHttp.js`) }
  : load(library);

const back = "http://127.0.0.1:1/callback";
const kept = {};
let agreed;
const provider = {
  redirectUrl: back,
  clientMetadata: { client_name: "test", redirect_uris: [back], grant_types: ["authorization_code"], response_types: ["code"], token_endpoint_auth_method: "none" },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  redirectToAuthorization: async (page) => {
    console.log(`asked for: resource=${page.searchParams.get("resource")} scope=${page.searchParams.get("scope")}`);
    const answer = await fetch(page, { redirect: "manual" });
    agreed = new URL(answer.headers.get("location")).searchParams;
  },
};

async function connect() {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: "auto" } });
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!agreed) {
      throw error;
    }
    await transport.finishAuth(agreed.get("code"), agreed.get("iss"));
    agreed = undefined;
    return connect();
  }
  return client;
}

const client = await connect();
const call = async (name, args) => (await client.callTool({ name, arguments: args })).structuredContent;
const task = await call("generate_video", { prompt: "a red fox running through fresh snow" });
const done = await call("get_task_status", { task_id: task.task_id, wait_seconds: 45 });
console.log(`status: ${done.status}`);
await client.close();
process.exit();
