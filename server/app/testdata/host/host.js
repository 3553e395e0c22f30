// A chat client made of the official parts: the MCP client and the host side
// of MCP Apps, in the generation that the entry gives. The tests drive it and
// read its log.
export function host({ Client, StreamableHTTPClientTransport, AppBridge, PostMessageTransport, buildAllowAttribute, getToolUiResourceUri }) {
  const log = { links: [], contexts: [], sizes: [], calls: 0, initialized: 0, app: null };
  window.log = log;
  let client;
  let bridge;
  let uris = {};

  const ready = (async () => {
    client = new Client(
      { name: "test-chat", version: "1" },
      { capabilities: { extensions: { "io.modelcontextprotocol/ui": { mimeTypes: ["text/html;profile=mcp-app"] } } } },
    );
    await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", location.href)));
    const { tools } = await client.listTools();
    uris = Object.fromEntries(tools.map((tool) => [tool.name, getToolUiResourceUri(tool)]));
    const { resources } = await client.listResources();
    return { uris, resources };
  })();
  window.ready = ready;

  // policyOf is the policy that the specification derives from what a resource
  // declares.
  function policyOf(csp = {}) {
    const list = (domains = []) => domains.join(" ");
    return [
      "default-src 'none'",
      `script-src 'self' 'unsafe-inline' ${list(csp.resourceDomains)}`,
      `style-src 'self' 'unsafe-inline' ${list(csp.resourceDomains)}`,
      `connect-src 'self' ${list(csp.connectDomains)}`,
      `img-src 'self' data: ${list(csp.resourceDomains)}`,
      `font-src 'self' ${list(csp.resourceDomains)}`,
      `media-src 'self' data: ${list(csp.resourceDomains)}`,
      `frame-src ${list(csp.frameDomains) || "'none'"}`,
      "object-src 'none'",
      `base-uri ${list(csp.baseUriDomains) || "'self'"}`,
    ].join("; ");
  }

  // show calls a tool, or takes result as its answer, and shows the app for it.
  // broken: how many of the app's own calls fail first. -1: all, until mend.
  window.show = async ({ tool, args, result, sandbox, theme = "light", variables, capabilities, broken = 0, said }) => {
    await ready;
    document.documentElement.className = theme;
    document.getElementById("asked").textContent = said || args.prompt || tool;
    const answer = result || await client.callTool({ name: tool, arguments: args });
    const { contents } = await client.readResource({ uri: uris[tool] });
    const { csp, permissions } = contents[0]._meta.ui;
    const frame = document.createElement("iframe");
    frame.title = "App";
    const offered = capabilities || { openLinks: {}, serverTools: {}, serverResources: {}, logging: {}, updateModelContext: { text: {} } };
    bridge = new AppBridge(broken === 0 ? client : null, { name: "test-chat", version: "1" }, offered, {
      hostContext: { theme, styles: variables ? { variables } : undefined, displayMode: "inline", containerDimensions: { width: 680, maxHeight: 2000 } },
    });
    window.mend = () => {
      broken = 0;
    };
    if (broken !== 0) {
      bridge.oncalltool = async (params) => {
        log.calls++;
        if (broken < 0 || log.calls <= broken) {
          throw new Error("The connection to the server is gone.");
        }
        return client.callTool(params);
      };
    }
    bridge.onopenlink = async ({ url }) => {
      log.links.push(url);
      return {};
    };
    bridge.onupdatemodelcontext = async (params) => {
      log.contexts.push(params);
      return {};
    };
    bridge.onsizechange = ({ height }) => {
      log.sizes.push(height);
      frame.style.height = height + 2 + "px";
    };
    bridge.onsandboxready = () => bridge.sendSandboxResourceReady({ html: contents[0].text, csp, permissions });
    bridge.oninitialized = async () => {
      log.initialized++;
      log.app = bridge.getAppVersion();
      await bridge.sendToolInput({ arguments: args });
      await bridge.sendToolResult(answer);
    };
    frame.allow = buildAllowAttribute(permissions);
    const place = new URL(sandbox);
    place.searchParams.set("csp", policyOf(csp));
    place.searchParams.set("allow", frame.allow);
    document.getElementById("place").replaceChildren(frame);
    await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
    frame.src = place.href;
    return { answer, csp, permissions };
  };

  window.setTheme = async (theme) => {
    document.documentElement.className = theme;
    await bridge.setHostContext({ ...bridge._hostContext, theme });
  };
  window.teardown = () => bridge.teardownResource({});
}
