import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { AppBridge, PostMessageTransport, buildAllowAttribute, getToolUiResourceUri } from "@modelcontextprotocol/ext-apps/app-bridge";
import { host } from "./host.js";

host({ Client, StreamableHTTPClientTransport, AppBridge, PostMessageTransport, buildAllowAttribute, getToolUiResourceUri });
