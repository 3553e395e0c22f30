// Does what Claude Desktop does with a bundle, with the code it uses for that:
// reads the manifest strictly, and makes the command from it and from what the
// user filled in. Prints the command as JSON.
//
//   node host.mjs MCPB-MODULE UNPACKED USER-CONFIG-JSON
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, sep } from "node:path";
import { pathToFileURL } from "node:url";

const [module, unpacked, userConfig] = process.argv.slice(2);
const { getMcpConfigForManifest, v0_3 } = await import(pathToFileURL(module));
const manifest = v0_3.McpbManifestSchema.parse(JSON.parse(readFileSync(join(unpacked, "manifest.json"), "utf8")));
const config = await getMcpConfigForManifest({
  manifest,
  extensionPath: unpacked,
  systemDirs: { HOME: homedir() },
  userConfig: JSON.parse(userConfig),
  pathSeparator: sep,
});
console.log(JSON.stringify(config));
