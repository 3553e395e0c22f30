// Packs the bundle for Claude Desktop from built programs, and writes the
// registry's server.json for it.
//
//   npm ci --prefix deploy/mcpb
//   node deploy/mcpb/pack.mjs DIST VERSION
//
// DIST holds the programs as goreleaser lays them down: one folder for each
// system and processor. Systems that are not there are left out. icon.png is
// server/icon.svg in the size that Claude Desktop asks for.
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packExtension } from "@anthropic-ai/mcpb";

const here = dirname(fileURLToPath(import.meta.url));
const [dist, version] = process.argv.slice(2);
if (!dist || !version) {
  throw new Error("usage: node pack.mjs DIST VERSION");
}

// Where each program lies in DIST, and what it is called in the bundle. macOS
// takes both processors in one file; Windows runs amd64 on arm64 itself.
const programs = [
  { system: "linux", from: [/_linux_amd64/], file: "seedance-mcp", to: "seedance-mcp-linux-amd64" },
  { system: "linux", from: [/_linux_arm64/], file: "seedance-mcp", to: "seedance-mcp-linux-arm64" },
  { system: "darwin", from: [/_darwin_all/, /_darwin_/], file: "seedance-mcp", to: "seedance-mcp-darwin" },
  { system: "win32", from: [/_windows_amd64/, /_windows_/], file: "seedance-mcp.exe", to: "seedance-mcp.exe" },
];

const staged = mkdtempSync(join(tmpdir(), "seedance-mcpb-"));
try {
  mkdirSync(join(staged, "server"));
  const systems = new Set();
  const folders = readdirSync(dist);
  for (const { system, from, file, to } of programs) {
    const folder = from.map((pattern) => folders.find((name) => pattern.test(name))).find(Boolean);
    if (folder) {
      executable(join(dist, folder, file), join(staged, "server", to));
      systems.add(system);
    }
  }
  if (systems.size === 0) {
    throw new Error(`no programs in ${dist}`);
  }
  if (systems.has("linux")) {
    executable(join(here, "launch.sh"), join(staged, "server", "seedance-mcp"));
  }
  copyFileSync(join(here, "icon.png"), join(staged, "icon.png"));
  copyFileSync(join(here, "..", "..", "LICENSE"), join(staged, "LICENSE"));

  const manifest = JSON.parse(readFileSync(join(here, "manifest.json"), "utf8"));
  manifest.version = version;
  manifest.compatibility.platforms = [...systems].sort();
  writeFileSync(join(staged, "manifest.json"), JSON.stringify(manifest, null, 2));

  const name = `seedance-mcp_${version}.mcpb`;
  const bundle = join(dist, name);
  if (!(await packExtension({ extensionPath: staged, outputPath: bundle }))) {
    throw new Error("the bundle was not packed");
  }
  register(version, name, createHash("sha256").update(readFileSync(bundle)).digest("hex"));
} finally {
  rmSync(staged, { recursive: true });
}

function executable(from, to) {
  copyFileSync(from, to);
  chmodSync(to, 0o755);
}

// register writes what the registry is told about this bundle.
function register(version, name, sha256) {
  const server = JSON.parse(readFileSync(join(here, "..", "registry", "server.json"), "utf8"));
  server.version = version;
  const [pack] = server.packages;
  pack.version = version;
  pack.identifier = pack.identifier.replace(/[^/]+\/[^/]+$/, `v${version}/${name}`);
  pack.fileSha256 = sha256;
  writeFileSync(join(dist, "server.json"), JSON.stringify(server, null, 2) + "\n");
}
