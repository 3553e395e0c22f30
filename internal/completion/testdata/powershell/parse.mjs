// Parses the PowerShell script on standard input; prints what is no syntax.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Language, Parser } from "web-tree-sitter";

await Parser.init();
const grammar = fileURLToPath(import.meta.resolve("tree-sitter-powershell/tree-sitter-powershell.wasm"));
const parser = new Parser();
parser.setLanguage(await Language.load(grammar));
const tree = parser.parse(readFileSync(0, "utf8"));

function report(node) {
  if (node.isError || node.isMissing) {
    console.log(`${node.startPosition.row + 1}:${node.startPosition.column + 1}: ${node.isMissing ? "missing " + node.type : "not PowerShell: " + node.text.slice(0, 80)}`);
    return;
  }
  node.children.filter(Boolean).forEach(report);
}
report(tree.rootNode);
console.log(`${tree.rootNode.descendantCount} nodes`);
