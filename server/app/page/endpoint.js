// Calls to the server's own /mcp, in the era without sessions (2026-07-28):
// every request says for itself what it needs.

const ERA = "2026-07-28";
const KEY_NAME = "seedance-key";
let lastCall = 0;

// The key lives in this tab only. Where storage is refused, in this page only.
let key = "";
try {
  key = sessionStorage.getItem(KEY_NAME) || "";
} catch {
  key = "";
}

function setKey(value) {
  key = value;
  try {
    if (value) {
      sessionStorage.setItem(KEY_NAME, value);
    } else {
      sessionStorage.removeItem(KEY_NAME);
    }
  } catch {
    // It stays in memory.
  }
}

async function rpc(method, name, params, signal) {
  const id = ++lastCall;
  const headers = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
    "MCP-Protocol-Version": ERA,
    "Mcp-Method": method,
    "Mcp-Name": name,
  };
  if (key) {
    headers.Authorization = "Bearer " + key;
  }
  const limit = AbortSignal.timeout(60000);
  let response;
  try {
    response = await fetch("mcp", {
      method: "POST",
      headers,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      body: JSON.stringify({
        jsonrpc: "2.0",
        id,
        method,
        params: {
          ...params,
          _meta: {
            "io.modelcontextprotocol/protocolVersion": ERA,
            "io.modelcontextprotocol/clientInfo": PAGE,
            "io.modelcontextprotocol/clientCapabilities": {},
          },
        },
      }),
    });
  } catch (error) {
    if (signal && signal.aborted) {
      throw error;
    }
    throw new Error("The server cannot be reached.");
  }
  if (response.status === 401 || response.status === 403) {
    const error = new Error(response.status === 401 ? "The key is not valid, or none was given." : "This key may not be used here.");
    error.key = true;
    error.final = true;
    throw error;
  }
  const message = answerTo(id, await response.text(), response.headers.get("Content-Type") || "");
  if (!message) {
    throw new Error("The server's answer (status " + response.status + ") was not understood.");
  }
  if (message.error) {
    throw new Error(clean(message.error.message) || "The server refused.");
  }
  return message.result || {};
}

// answerTo finds the answer to id in a JSON body or an event stream.
function answerTo(id, body, type) {
  const texts = type.startsWith("text/event-stream")
    ? body.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5))
    : [body];
  return texts.map(parse).find((message) => isObject(message) && (message.id === id || (message.error && texts.length === 1)));
}

const callTool = (name, args, signal) => rpc("tools/call", name, { name, arguments: args }, signal);
const readResource = (uri) => rpc("resources/read", uri, { uri });
