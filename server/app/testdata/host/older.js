// The generation before, which clients in use are built on.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { AppBridge, PostMessageTransport, buildAllowAttribute, getToolUiResourceUri } from "ext-apps-1/app-bridge";
import { host } from "./host.js";

host({ Client, StreamableHTTPClientTransport, AppBridge, PostMessageTransport, buildAllowAttribute, getToolUiResourceUri });
